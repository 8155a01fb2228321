"""Labels: who is an attacker, who is not, and who is left out."""

import polars as pl
import pytest

from core.errors import EvaluationError
from detector.evaluation.truth import accepted_kinds, by_address, read_labels, taught_kind
from detector.kinds import KINDS
from tests.unit.detector.frames import events_of, request


def labels_of(**columns: list[str | None]) -> dict[str, str]:
    truth = read_labels(pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.String)))
    return dict(truth.select("client", "truth").rows())


def test_labels_per_client() -> None:
    names = ["attack", "normal_presumed", "crawler", "unlabelled", "unsolicited", " attack "]
    found = labels_of(client=list("abcdef"), label=names)
    expected = ["attack", "normal", "crawler", "left_out", "unsolicited", "attack"]
    assert found == dict(zip("abcdef", expected, strict=True))


def test_one_hostile_line_makes_an_attacker() -> None:
    found = labels_of(line=["1", "2", "3"], client=["a", "a", "b"], label=["unknown", "attack", "unknown"])
    assert found == {"a": "attack", "b": "left_out"}


def test_the_type_is_kept_of_attackers_alone() -> None:
    table = pl.DataFrame({"client": ["a", "b"], "label": ["attack", "normal"], "attack_type": ["probe", "probe"]})
    assert dict(read_labels(table).select("client", "attack_type").rows()) == {"a": "probe", "b": ""}


def test_silver_labels_leave_out_what_may_be_anything() -> None:
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    found = labels_of(
        client=list("abcde"),
        silver_label=["none", "exploit_probe", "burst", "declared_bot_or_tool", "declared_bot_or_tool"],
        evidence=[None, "1x", "145", agent, "python-requests/2"],
    )
    assert found == {"a": "normal", "b": "attack", "c": "left_out", "d": "crawler", "e": "left_out"}


def test_labels_without_columns_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no columns client and label"):
        read_labels(pl.DataFrame({"address": ["a"]}))


def test_an_address_of_ipv6_labels_its_network_and_strangers_are_left_out() -> None:
    events = events_of(request(address="2001:db8::1"), request(address="2001:db8::2"), request(address="192.0.2.9"))
    labels = read_labels(pl.DataFrame({"client": ["2001:db8::2"], "label": ["attack"]}))
    truth = dict(by_address(labels, events).select("client", "truth").rows())
    assert truth == {"2001:db8::/64": "attack", "192.0.2.9": "left_out"}


@pytest.mark.parametrize(
    ("attack_type", "accepted", "taught"),
    [
        ("login_bruteforce", "bruteforce", "bruteforce"),
        ("exploit_probe", "injection", "scan"),
        ("vuln_scan_w3af", "scan", "scan"),
        ("SQL injection", "injection", "injection"),
        ("ddos", "ddos", "ddos"),
        ("scraping", "scrape", "scrape"),
    ],
)
def test_the_words_of_labels_are_understood(attack_type: str, accepted: str, taught: str) -> None:
    assert accepted in accepted_kinds(attack_type)
    assert taught_kind(attack_type) == taught
    assert set(accepted_kinds(attack_type)) <= set(KINDS)


def test_a_word_that_says_nothing_accepts_and_teaches_nothing() -> None:
    assert accepted_kinds("bad") == ()
    assert taught_kind("bad") is None

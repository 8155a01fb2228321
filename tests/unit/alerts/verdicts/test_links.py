"""Signed links: what was signed is believed, whatever else is not."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.verdicts.links import LIFETIME, Claim, ExpiredError, Signer
from alerts.verdicts.store import Action
from core.errors import SettingsError
from tests.alerting import NOW

SIGNER = Signer("https://www.example.org/wwwatch/", "k" * 24)


def target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30), st.sampled_from(Action))
def test_what_was_signed_comes_back(incident_id: str, action: Action) -> None:
    url = SIGNER.sign(incident_id, action, NOW + LIFETIME)
    assert url.startswith("https://www.example.org/wwwatch/v/")
    assert SIGNER.check(target(url), NOW) == Claim(incident_id, action)


def test_a_proxy_may_take_the_folder_away() -> None:
    url = target(SIGNER.sign("i1", Action.ACK, NOW + LIFETIME))
    assert SIGNER.check(url.removeprefix("/wwwatch"), NOW) == Claim("i1", Action.ACK)


@pytest.mark.parametrize(
    "change",
    [
        ("/i1/", "/i2/"),
        ("/ack?", "/false?"),
        ("/v/", "/w/"),
        ("until=1", "until=2"),
        ("until=", "later="),
        ("sig=", "sig=A"),
        ("sig=", "sig=%F0%9F%92%A9"),
        ("sig=", "not="),
        ("?", "?" + "x=1&" * 20),
    ],
)
def test_a_changed_link_is_no_link(change: tuple[str, str]) -> None:
    url = target(SIGNER.sign("i1", Action.ACK, NOW + LIFETIME))
    changed = url.replace(*change, 1)
    assert changed != url
    assert SIGNER.check(changed, NOW) is None


def test_another_key_signs_nothing() -> None:
    url = target(Signer(SIGNER.url, "j" * 24).sign("i1", Action.ACK, NOW + LIFETIME))
    assert SIGNER.check(url, NOW) is None


def test_parts_cannot_be_moved_between_fields() -> None:
    assert SIGNER._signature("a", "bc", "1") != SIGNER._signature("ab", "c", "1")


def test_a_link_ends() -> None:
    url = target(SIGNER.sign("i1", Action.ACK, NOW + LIFETIME))
    assert SIGNER.check(url, NOW + LIFETIME - timedelta(seconds=1))
    with pytest.raises(ExpiredError):
        SIGNER.check(url, NOW + LIFETIME)


@given(st.text(max_size=60))
def test_no_address_breaks_the_check(text: str) -> None:
    assert SIGNER.check(text, NOW) is None
    assert SIGNER.check(f"/v/i1/ack?{text}", NOW) is None
    assert SIGNER.check(f"/v/{text}?until=1&sig=x", NOW) is None


def test_settings_that_cannot_work_are_refused_and_the_key_is_not_shown() -> None:
    with pytest.raises(SettingsError, match="16 characters"):
        Signer("https://www.example.org", "short")
    with pytest.raises(SettingsError, match="no web address"):
        Signer("www.example.org", "k" * 24)
    assert "kkk" not in repr(SIGNER)

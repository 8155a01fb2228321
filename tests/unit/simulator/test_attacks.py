"""Attacks are what their names say, vary with the dice, and are labelled from where hostility begins."""

import polars as pl
import pytest

from enrich import Enrichment, find_format, read_events
from enrich.signs import match_signs
from simulator import ATTACKS, LIVE, render_combined
from simulator.addresses import Addresses
from simulator.attacks.ripeness import ripen
from simulator.dice import Dice
from simulator.journal import Face, Journal, Request, to_frame
from simulator.site import build_site
from simulator.traffic import raid
from wwwatch.examples import as_events

START = 1_772_409_600.0
SEEDS = (1, 2, 3)
FIELDS = {
    "url.original": "url",
    "http.request.method": "method",
    "http.response.status_code": "status",
    "http.response.body.bytes": "bytes",
    "user_agent.original": "user_agent",
    "http.request.referrer": "referrer",
    "source.address": "address",
}


def run(name: str, seed: int, style: str = "company", **options: float) -> pl.DataFrame:
    dice = Dice(seed)
    journal: Journal = []
    site = build_site(dice, style, "victim.example.net")
    raid(name, site, dice, Addresses(dice), journal, at=START, most=800, options=options)
    return to_frame(journal)


def lasted(frame: pl.DataFrame) -> float:
    return (frame["time"].max() - frame["time"].min()).total_seconds()  # type: ignore[operator, union-attr, no-any-return]


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_does_something_hostile(name: str) -> None:
    frame = run(name, 4)
    hostile = frame.filter(pl.col("kind") != "normal")
    assert set(hostile["kind"]) == {ATTACKS[name].kind}
    assert set(frame["attack"]) == {name}
    assert frame["actor"].n_unique() == 1
    assert frame["time"].min().timestamp() == START or frame["client"].n_unique() > 1 or name == "slow-connections"  # type: ignore[union-attr]


def test_what_lives_is_an_attack() -> None:
    assert set(LIVE) <= set(ATTACKS)


@pytest.mark.parametrize("seed", SEEDS)
def test_slow_attacks_are_slow(seed: int) -> None:
    drip = run("bruteforce-drip", seed, rotation=0).filter(pl.col("method") == "POST")
    assert drip["time"].diff().dt.total_minutes().drop_nulls().min() >= 25  # type: ignore[operator]
    assert lasted(run("bruteforce-slow", seed)) > 1800
    assert lasted(run("spray-slow", seed)) > 4 * 3600
    assert lasted(run("scan-slow", seed)) > 600


@pytest.mark.parametrize("seed", SEEDS)
def test_distributed_attacks_have_few_requests_of_each_address(seed: int) -> None:
    for name, most in (("ddos", 40), ("spray", 12), ("stuffing", 12), ("scan-distributed", 30)):
        counts = run(name, seed, rotation=0).group_by("client").len()["len"]
        assert len(counts) >= 15, name
        assert counts.mean() <= most, name  # type: ignore[operator]


@pytest.mark.parametrize("seed", SEEDS)
def test_knocks_are_one_to_four_and_explicit(seed: int) -> None:
    hostile = run("probe", seed).filter(pl.col("kind") == "scan")
    assert 1 <= hostile.height <= 4
    assert (hostile["url"] != "/").all()


@pytest.mark.parametrize("name", ["sqli", "sqlmap"])
def test_injections_carry_the_signs_of_sql(name: str) -> None:
    urls = run(name, 5)["url"]
    assert match_signs(urls)["sqli"].mean() > 0.5  # type: ignore[operator]
    assert urls.n_unique() > 0.6 * len(urls)


def test_a_shell_is_found_and_worked_with() -> None:
    frame = run("webshell", 6)
    used = frame.filter(pl.col("url").str.contains(r"\.(php|phtml|jsp)(\?|$)"))
    assert (used["status"] == 200).all()
    assert used.height > 8


def test_rotation_shows_a_new_user_agent_again_and_again() -> None:
    assert run("flood", 2, rotation=1)["user_agent"].n_unique() > 50
    assert run("flood", 2, rotation=0)["user_agent"].n_unique() <= 3


def test_two_wrong_passwords_are_no_attack_yet() -> None:
    face = Face("198.19.0.1", "curl/8", "run", "www.example.com", kind="bruteforce", attack="bruteforce")
    many = [Request(float(at), face, "POST", "/login", 401, 9) for at in range(20)]
    assert [request.is_innocent for request in ripen(many, "bruteforce")] == [True] * 2 + [False] * 18
    assert not any(request.is_innocent for request in ripen(many[:5], "bruteforce"))
    assert not any(request.is_innocent for request in ripen(many, "spray"))


def test_what_is_no_http_becomes_the_line_that_servers_write() -> None:
    frames = [run("zgrab", seed) for seed in range(6)]
    bare = pl.concat(frames).filter(pl.col("method") == "-")
    lines = render_combined(bare)
    assert lines.str.contains(r'] "[^"]*" 400 150 "-" "-"$').all()
    assert not lines.str.contains('"- ').any()
    events = as_events(bare)
    assert events["method"].null_count() == events.height
    assert not events["url"].drop_nulls().str.contains(r"[^\x20-\x7e]").any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["flood", "flood-search", "ddos", "ddos-cache"])
def test_floods_are_faster_than_a_good_day(name: str, seed: int) -> None:
    frame = run(name, seed)
    assert frame.height > 200
    assert frame.height / max(lasted(frame), 1.0) > 7


@pytest.mark.parametrize("name", ATTACKS)
def test_the_log_tells_what_was_simulated(name: str) -> None:
    frame = run(name, 7).head(120)
    lines = render_combined(frame)
    read = read_events(lines, find_format("combined"), Enrichment()).frame()
    events = as_events(frame)
    for field, column in FIELDS.items():
        assert read[field].to_list() == events[column].to_list(), column

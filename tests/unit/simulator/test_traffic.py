"""Simulated traffic is repeatable, shaped as days are, and says the truth about its attacks."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulator import ATTACKS, LIVE, SCHEMA, SimulatorError, history, labelled, simulate, truth
from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.journal import Journal, to_frame
from simulator.site import build_site, demo_site
from simulator.traffic import raid

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TEST_RANGES = [
    ip_network(text) for text in ("198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")
]


def run(name: str, seed: int, *, brief: bool = False) -> pl.DataFrame:
    dice = Dice(seed)
    site = build_site(dice, ("shop", "blog", "api", "company")[seed % 4], "victim.example.net")
    journal: Journal = []
    raid(name, site, dice, Addresses(dice), journal, at=MONDAY.timestamp(), brief=brief)
    return to_frame(journal)


def test_same_seed_same_traffic_and_another_seed_another() -> None:
    def made(seed: int) -> pl.DataFrame:
        return simulate(MONDAY, MONDAY + timedelta(hours=6), seed=seed, attacks=[("scan", MONDAY)])

    assert_frame_equal(made(7), made(7))
    assert not made(7).equals(made(8))


def test_rows_have_the_promised_columns_and_order() -> None:
    frame = history(MONDAY, MONDAY + timedelta(hours=3), seed=1)
    assert dict(frame.schema) == SCHEMA
    assert frame["time"].is_sorted()
    assert frame.drop("attack").null_count().sum_horizontal().item() == 0
    assert frame["time"].min() >= MONDAY  # type: ignore[operator]
    assert frame["status"].is_between(200, 503).all()
    assert frame["bytes"].min() >= 0  # type: ignore[operator]


def test_more_visitors_by_day_than_by_night() -> None:
    frame = simulate(MONDAY, MONDAY + timedelta(days=4), seed=3, visits_per_hour=20, steady=False)
    hours = frame.group_by(pl.col("time").dt.hour().alias("hour")).agg(pl.col("actor").n_unique().alias("visitors"))
    night = hours.filter(pl.col("hour").is_between(1, 4))["visitors"].sum()
    evening = hours.filter(pl.col("hour").is_between(18, 21))["visitors"].sum()
    assert evening > 4 * night > 0


def test_weekends_are_quieter() -> None:
    frame = simulate(MONDAY, MONDAY + timedelta(days=14), seed=3, visits_per_hour=15, steady=False)
    days = frame.group_by(pl.col("time").dt.weekday().alias("day")).agg(pl.col("actor").n_unique().alias("visitors"))
    weekend = days.filter(pl.col("day") >= 6)["visitors"].mean()
    assert weekend < days.filter(pl.col("day") < 6)["visitors"].mean()  # type: ignore[operator]


def test_returning_visitors_ask_for_fewer_assets() -> None:
    frame = simulate(MONDAY, MONDAY + timedelta(days=2), seed=5, visits_per_hour=40, steady=False)
    logo = frame.filter(pl.col("url") == "/img/logo.png", pl.col("client").str.contains(r"^198\.18\.|:"))
    by_visitor = logo.group_by("actor").agg((pl.col("status") == 200).sum().alias("fetched"))
    assert by_visitor["fetched"].max() == 1
    assert (logo["status"] == 304).any()


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_labelled_and_truthful(name: str) -> None:
    begin = MONDAY + timedelta(hours=2)
    frame = simulate(MONDAY, MONDAY + timedelta(hours=4), seed=11, visits_per_hour=8, attacks=[(name, begin)])
    attack = frame.filter(pl.col("attack") == name)
    (told,) = truth(frame).to_dicts()
    assert told["attack"] == name
    assert told["kind"] == ATTACKS[name][0]
    assert told["requests"] == attack.height > 0
    assert set(told["clients"]) == set(attack.filter(pl.col("kind") != "normal")["client"]) != set()
    assert (told["first"], told["last"]) == (attack["time"].min(), attack["time"].max())
    assert told["first"] >= begin
    assert (frame.filter(pl.col("kind") != "normal")["attack"] == name).all()
    visitors = frame.filter(pl.col("attack").is_null())
    assert not set(told["clients"]) & set(visitors["client"])


def test_an_attack_leaves_the_visitors_as_they_were() -> None:
    quiet = simulate(MONDAY, MONDAY + timedelta(hours=2), seed=4)
    attacked = simulate(MONDAY, MONDAY + timedelta(hours=2), seed=4, attacks=[("flood", MONDAY)])
    assert_frame_equal(attacked.filter(pl.col("attack").is_null()), quiet)


@pytest.mark.parametrize("seed", range(6))
def test_attacks_look_like_what_they_are(seed: int) -> None:
    flood, spray, scan = run("flood", seed), run("spray", seed), run("scan", seed)
    assert flood["url"].str.split("?").list.first().n_unique() == 1
    assert spray.filter(pl.col("method") == "POST").group_by("client").len()["len"].max() <= 5  # type: ignore[operator]
    assert spray["client"].n_unique() >= 19
    assert scan["url"].n_unique() > 0.6 * scan.height
    assert (scan["status"] >= 400).mean() > 0.6  # type: ignore[operator]
    assert run("bruteforce", seed)["client"].n_unique() == 1
    assert run("sqli", seed)["url"].str.contains("=", literal=True).mean() > 0.8  # type: ignore[operator]
    assert run("scrape", seed)["url"].n_unique() > 50


def test_tools_and_browsers_and_paces_vary_with_the_seed() -> None:
    runs = [run("bruteforce", seed) for seed in range(20)]
    browsers = [frame["user_agent"][0].startswith("Mozilla") for frame in runs]
    assert 0 < sum(browsers) < len(browsers)
    sizes = [frame.height for frame in runs]
    assert max(sizes) > 4 * min(sizes)


@pytest.mark.parametrize("name", LIVE)
def test_brief_attacks_are_bounded(name: str) -> None:
    for seed in range(4):
        frame = run(name, seed, brief=True)
        lasted = (frame["time"].max() - frame["time"].min()).total_seconds()  # type: ignore[operator, union-attr]
        assert lasted < 45
        assert frame.height <= 2700


def test_labelled_sessions_cover_every_kind_with_unique_attackers() -> None:
    frame = labelled(seed=2, sessions=240)
    runs = dict(frame.group_by("attack").agg(pl.col("actor").n_unique()).iter_rows())
    assert runs.pop(None) > 160
    assert set(runs) == set(ATTACKS)
    assert runs["probe"] > runs["gobuster"]
    assert frame["domain"].n_unique() > 40
    owners = frame.filter(pl.col("attack").is_not_null()).group_by("client").agg(pl.col("actor").n_unique())
    assert owners["actor"].max() == 1
    sides = frame.group_by("client").agg(pl.col("attack").is_null().n_unique().alias("sides"))
    assert sides["sides"].max() == 1


def test_labelled_sessions_include_honest_failures_to_log_in() -> None:
    frame = labelled(seed=2, sessions=400).filter(pl.col("kind") == "normal", pl.col("method") == "POST")
    failures = frame.filter(pl.col("status").is_in([401, 403, 422])).group_by("actor").len()
    assert failures["len"].max() >= 3  # type: ignore[operator]


def test_addresses_are_reserved_ones() -> None:
    for client in labelled(seed=1, sessions=120)["client"].unique():
        address = ip_address(client)
        assert any(address in network for network in TEST_RANGES), client


def test_requests_hold_nothing_that_breaks_a_request_line() -> None:
    frame = labelled(seed=3, sessions=300).filter(pl.col("method") != "-")
    assert frame["url"].str.starts_with("/").all()
    assert not frame["url"].str.contains(r"[\s\x00-\x20\x7f]").any()


def test_errors_say_what_to_do() -> None:
    with pytest.raises(SimulatorError, match="no attack 'nothing': choose from flood"):
        simulate(MONDAY, MONDAY + timedelta(hours=1), seed=1, attacks=[("nothing", MONDAY)])
    with pytest.raises(SimulatorError, match="no scene 'nothing': choose from flash-crowd"):
        simulate(MONDAY, MONDAY + timedelta(hours=1), seed=1, scenes=["nothing"])
    with pytest.raises(SimulatorError, match="the earlier one first"):
        simulate(MONDAY, MONDAY, seed=1)
    with pytest.raises(SimulatorError, match="aware"):
        simulate(MONDAY.replace(tzinfo=None), MONDAY, seed=1)


def test_the_demo_site_is_always_the_same() -> None:
    assert demo_site() == demo_site()
    assert demo_site().pages[0] == "/"

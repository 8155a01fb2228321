"""Runs to evaluate with: repeatable, each with its own site, and true about its attacks."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from simulator import ATTACKS, QUIET, SCHEMA, SimulatorError, attack_run, mixed_run, quiet_run


@pytest.mark.parametrize("name", ["flood", "spray"])
def test_an_attack_run_is_one_attack_amid_ordinary_traffic(name: str) -> None:
    run = attack_run(name, 3)
    (raid,) = run.raids
    hostile = run.traffic.filter(pl.col("attack").is_not_null())
    assert dict(run.traffic.schema) == SCHEMA
    assert (raid.name, raid.kind) == (name, ATTACKS[name].kind)
    assert set(raid.clients) == set(hostile["client"])
    assert not set(raid.clients) & set(run.traffic.filter(pl.col("attack").is_null())["client"])
    assert raid.start == hostile["time"].min()
    assert raid.end == hostile["time"].max()
    visitors = run.traffic.filter(pl.col("attack").is_null())["time"]
    assert visitors.min() < raid.start  # type: ignore[operator]
    assert visitors.max() > raid.end  # type: ignore[operator]


def test_the_seed_repeats_a_run_and_another_seed_makes_another() -> None:
    assert_frame_equal(attack_run("scan", 1).traffic, attack_run("scan", 1).traffic)
    assert attack_run("scan", 1).raids != attack_run("scan", 2).raids
    assert attack_run("scan", 1).traffic["url"][0:50].to_list() != attack_run("sqli", 1).traffic["url"][0:50].to_list()


def test_a_mixed_day_has_several_attacks() -> None:
    run = mixed_run(5)
    assert len({raid.name for raid in run.raids}) > 2
    assert [raid.start for raid in run.raids] == sorted(raid.start for raid in run.raids)


@pytest.mark.parametrize("name", ["ordinary", "flash-crowd", "single-page", "wordpress-author"])
def test_a_quiet_run_attacks_nobody(name: str) -> None:
    run = quiet_run(name, 2)
    assert name in QUIET
    assert run.raids == ()
    assert (run.traffic["kind"] == "normal").all()
    assert run.traffic.height > 200


def test_a_log_may_hide_who_asks_and_leave_things_out() -> None:
    assert quiet_run("reverse-proxy", 2).traffic["client"].n_unique() == 1
    terse = quiet_run("common-log", 2).traffic
    assert set(terse["user_agent"]) == set(terse["referrer"]) == {"-"}


def test_options_fix_what_the_dice_would_decide() -> None:
    (raid,) = attack_run("flood", 4, options={"clients": 3, "requests": 500, "rotation": 0}).raids
    assert (raid.requests, len(raid.clients)) == (500, 3)
    with pytest.raises(SimulatorError, match="no option 'speed': choose from requests"):
        attack_run("flood", 4, options={"speed": 3})


def test_errors_say_what_to_do() -> None:
    with pytest.raises(SimulatorError, match="no attack 'nothing'"):
        attack_run("nothing", 1)
    with pytest.raises(SimulatorError, match="no quiet run 'nothing': choose from ordinary"):
        quiet_run("nothing", 1)

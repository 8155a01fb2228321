"""Simulated runs as the detector meets them."""

import pytest

from detector.events import EVENT_SCHEMA
from simulator.attacks import ATTACKS
from simulator.runs import QUIET
from wwwatch.evaluation.simulated import MIXED, make_run, name_runs


def test_every_attack_and_every_hard_negative_has_a_run_for_each_seed() -> None:
    names = name_runs(range(5, 7))
    assert len(names) == len(set(names)) == 2 * (len(ATTACKS) + len(QUIET) + 1)
    assert {name for name, _ in names} == {*ATTACKS, *QUIET, MIXED}


@pytest.mark.parametrize("name", ["bruteforce", "scan-distributed"])
def test_a_run_knows_its_attackers_as_sessions_do(name: str) -> None:
    run = make_run(name, 5)
    (raid,) = run.raids
    assert (raid.name, raid.kind) == (name, ATTACKS[name].kind)
    assert list(run.events.columns) == list(EVENT_SCHEMA)
    assert run.events["time"].is_sorted()
    own = run.events.filter(run.events["client"].is_in(list(raid.clients)))
    assert own["client"].n_unique() == len(raid.clients)
    assert raid.start <= own["time"].min()  # type: ignore[operator]


def test_a_hard_negative_has_no_attackers() -> None:
    assert make_run(QUIET[0], 5).raids == []

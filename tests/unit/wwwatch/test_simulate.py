"""`wwwatch simulate` writes logs that can be had again, and refuses to attack strangers."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.errors import WwwatchError
from core.settings import Settings
from wwwatch.commands.simulate import command
from wwwatch.roof import Roof


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(command, arguments, obj=Roof(Settings()))
    if isinstance(result.exception, WwwatchError):
        raise result.exception
    return result


def log(path: Path, *more: str) -> Result:
    fixed = ("--end", "2026-03-04T12:00:00", "--days", "0.5", "--visits-per-hour", "10")
    return run("log", "--out", str(path), *fixed, *more)


def test_log_says_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    result = log(path, "--attack", "scan", "--attack", "spray")
    assert result.exit_code == 0, result.output
    lines = path.read_text().splitlines()
    assert f"{path}: {len(lines)} lines from 2026-03-04T00:00:00.000Z to 2026-03-04T12:00:00.000Z" in result.output
    runs = [json.loads(line) for line in (tmp_path / "access.log.truth.jsonl").read_text().splitlines()]
    assert sorted(run["attack"] for run in runs) == ["scan", "spray"]
    for run_ in runs:
        assert f"{run_['attack']}: {run_['requests']} requests, {len(run_['clients'])} clients" in result.output


def test_the_same_seed_writes_the_same_log(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert log(tmp_path / name, "--seed", seed, "--attack", "sqli").exit_code == 0
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other


def test_json_for_scripts(tmp_path: Path) -> None:
    told = json.loads(log(tmp_path / "access.log", "--json").output)
    assert told["lines"] == len((tmp_path / "access.log").read_text().splitlines())
    assert told["attacks"] == 0


@pytest.mark.parametrize("name", ["log", "www", "visit"])
def test_every_command_has_an_example(name: str) -> None:
    result = run(name, "--help")
    assert f"wwwatch simulate {name} " in result.output.partition("Example:")[2]


def test_an_unknown_attack_is_wrong_usage(tmp_path: Path) -> None:
    assert log(tmp_path / "access.log", "--attack", "nothing").exit_code == 2


def test_strangers_are_not_attacked() -> None:
    with pytest.raises(WwwatchError, match="it is not this machine"):
        run("visit", "--url", "http://192.0.2.7", "--attacks")


def test_habits_and_scenes_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    result = log(path, "--attack", "flood:requests=321,clients=2,rotation=0", "--scene", "monitors")
    assert "flood: 321 requests, 2 clients" in result.output
    assert len(path.read_text().splitlines()) > 1000


@pytest.mark.parametrize(
    ("attack", "sentence"),
    [
        ("nothing", "there is no attack 'nothing'"),
        ("scan:speed=3", "habits are requests, clients"),
        ("scan:gap=soon", "'gap=soon' is no habit with a number"),
        ("scan:gap=nan", "from 0 on"),
        ("scan:clients=-4", "from 0 on"),
    ],
)
def test_what_no_attack_can_be_is_wrong_usage(tmp_path: Path, attack: str, sentence: str) -> None:
    result = log(tmp_path / "access.log", "--attack", attack)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.replace("│", " ").split())

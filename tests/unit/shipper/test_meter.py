"""The shipper's own figures, its status file, and what is read from it."""

import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import Clock
from core.errors import SettingsError
from shipper import Ledger, Meter, read_live
from shipper.metrics import serving_metrics
from shipper.pulse import Pulse, pulse_path


class SetClock(Clock):
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def meter(clock: SetClock) -> Meter:
    return Meter(clock)


def test_lag_is_the_time_since_all_was_acknowledged(meter: Meter, clock: SetClock) -> None:
    meter.watch("a", "/a.log", 0, is_caught_up=True)
    clock.seconds = 100.0
    assert meter.lag() == 0.0
    meter.watch("a", "/a.log", 0, is_caught_up=True)
    meter.watch("b", "/b.log", 0, is_caught_up=True)
    clock.seconds = 107.0
    meter.watch("a", "/a.log", 5_000, is_caught_up=False)
    assert meter.lag() == 7.0
    assert meter.pending_bytes() == 5_000
    meter.forget({"b"})
    assert meter.lag() == 0.0


def test_rates_are_of_the_last_minute(meter: Meter, clock: SetClock) -> None:
    meter.watch("a", "/a.log", 0, is_caught_up=True)
    meter.rates()
    for _ in range(40):
        clock.seconds += 5
        meter.landed("a", 1_000, Ledger(indexed=50))
        meter.rates()
    assert meter.rates() == {"a": pytest.approx(10.0)}
    for _ in range(13):
        clock.seconds += 5
        meter.rates()
    assert meter.rates() == {"a": 0.0}


def test_the_status_file_comes_back(meter: Meter, clock: SetClock, tmp_path: Path) -> None:
    meter.watch("a", "/var/log/\udcff\x1b[2J.log", 10, is_caught_up=False)
    meter.landed("a", 1_000, Ledger(indexed=2, rejected=1))
    meter.failed("/b.log", "no format fits \x1b]0;x\x07", "a")
    pulse = Pulse(meter, tmp_path / "r.json", is_following=True)
    assert pulse.is_due
    pulse.beat()
    assert not pulse.is_due
    clock.seconds = 1.0
    assert pulse.is_due
    live = read_live(tmp_path / "r.json")
    assert live is not None
    assert (live.pid, live.is_running) == (os.getpid(), True)
    assert [mishap.what for mishap in live.unreadable] == ["/b.log"]
    assert live.errors["a"].reason == "no format fits \x1b]0;x\x07"
    assert live.caught_up == {"a": datetime(2026, 1, 2, tzinfo=UTC)}
    assert [item.name for item in tmp_path.iterdir()] == ["r.status"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": 1}', "null"])
def test_a_broken_status_file_says_nothing(tmp_path: Path, content: str) -> None:
    assert read_live(tmp_path / "r.json") is None
    pulse_path(tmp_path / "r.json").write_text(content)
    assert read_live(tmp_path / "r.json") is None


def test_another_process_of_the_same_number_is_not_the_shipper(meter: Meter, tmp_path: Path) -> None:
    Pulse(meter, tmp_path / "r.json", is_following=False).beat()
    path = pulse_path(tmp_path / "r.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": 1.0}))
    live = read_live(tmp_path / "r.json")
    assert live is not None
    assert (live.is_running, live.rates, live.lines_per_second) == (False, {}, 0.0)


def test_a_folder_that_is_gone_does_not_stop_the_shipper(meter: Meter, tmp_path: Path) -> None:
    Pulse(meter, tmp_path / "none" / "r.json", is_following=False).beat()


def test_a_summary_each_minute(meter: Meter, clock: SetClock, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "shipper")
    pulse = Pulse(meter, tmp_path / "r.json", is_following=True)
    for second in range(121):
        clock.seconds = float(second)
        meter.landed("a", 10, Ledger(indexed=2))
        pulse.beat()
    assert [record.getMessage() for record in caplog.records] == [
        "122 lines in the last minute, 2.0 lines/s, lag 0.0 s, 122 in all",
        "120 lines in the last minute, 2.0 lines/s, lag 0.0 s, 242 in all",
    ]


def test_prometheus_reads_them(meter: Meter, clock: SetClock) -> None:
    meter.watch("a", "/a.log", 5_000, is_caught_up=False)
    meter.landed("a", 1_000, Ledger(indexed=5, present=2, rejected=1, skipped=3))
    meter.answered(0.07)
    meter.answered(99.0)
    meter.retried("busy")
    clock.seconds = 4.0
    with serving_metrics(meter, "127.0.0.1:0") as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        with pytest.raises(SettingsError, match="cannot serve metrics"), serving_metrics(meter, f"127.0.0.1:{port}"):
            pass
    lines = set(text.splitlines())
    assert {
        'wwwatch_ship_lines_total{outcome="indexed"} 5.0',
        'wwwatch_ship_lines_total{outcome="skipped"} 3.0',
        "wwwatch_ship_bytes_total 1000.0",
        "wwwatch_ship_retries_total 1.0",
        'wwwatch_ship_bulk_seconds_bucket{le="0.05"} 0.0',
        'wwwatch_ship_bulk_seconds_bucket{le="0.1"} 1.0',
        'wwwatch_ship_bulk_seconds_bucket{le="+Inf"} 2.0',
        "wwwatch_ship_bulk_seconds_count 2.0",
        "wwwatch_ship_lag_seconds 4.0",
        "wwwatch_ship_pending_bytes 5000.0",
    } <= lines
    assert any(line.startswith("wwwatch_ship_last_success_timestamp_seconds 1.767") for line in lines)

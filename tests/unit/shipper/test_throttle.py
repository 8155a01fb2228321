"""A good guest: limits hold to the figure, on a clock of the test's own."""

import pytest

from core.clock import Clock
from shipper.throttle import Bucket, Throttle


class SetClock(Clock):
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.seconds = self.used = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def cpu(self) -> float:
        return self.used


def test_no_limit_no_wait() -> None:
    bucket = Bucket(0)
    bucket.spend(1e9, 0.0)
    assert bucket.wait(0.0) == 0.0


def test_one_waits_until_what_was_spent_has_drained() -> None:
    bucket = Bucket(100)
    bucket.spend(50, 10.0)
    assert bucket.wait(10.0) == pytest.approx(0.5)
    assert bucket.wait(10.4) == pytest.approx(0.1)
    assert bucket.wait(10.5) == 0.0


def test_idle_time_is_no_credit() -> None:
    bucket = Bucket(100)
    assert bucket.wait(1_000.0) == 0.0
    bucket.spend(200, 1_000.0)
    assert bucket.wait(1_000.0) == pytest.approx(2.0)


def test_the_processor_share_stays_under_its_limit() -> None:
    clock = SetClock()
    throttle = Throttle(clock, 0, 25)
    for _ in range(100):
        clock.used += 0.2
        clock.seconds += 0.2
        while pause := throttle.wait():
            clock.seconds += pause
    assert clock.used / clock.seconds == pytest.approx(0.25, rel=0.01)


def test_the_stricter_limit_counts() -> None:
    clock = SetClock()
    throttle = Throttle(clock, 10, 50)
    throttle.spend(100)
    clock.used = 1.0
    assert throttle.wait() == pytest.approx(10.0)
    clock.seconds = 9.5
    clock.used = 8.75
    assert throttle.wait() == pytest.approx(8.0)

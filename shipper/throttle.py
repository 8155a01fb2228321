"""A good guest: how long to wait so that lines and processor time stay under their limits."""

from core.clock import Clock

SHORTEST_WAIT_SECONDS = 0.001


class Bucket:
    """Fills with what is spent, and drains at a constant rate; while something is in it, one waits.

    Args:
        rate: What drains in a second; 0 for no limit.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._level = 0.0
        self._looked = 0.0

    def spend(self, amount: float, now: float, *, is_gradual: bool = False) -> None:
        """Add what was spent.

        Args:
            amount: How much.
            now: When, in seconds of a monotonic clock.
            is_gradual: It was spent little by little since the last look, so that some of it has drained.
        """
        if self._rate and is_gradual:
            self._level += amount
            self._drain(now)
        elif self._rate:
            self._drain(now)
            self._level += amount

    def wait(self, now: float) -> float:
        """Return in how many seconds the next may be spent."""
        if not self._rate:
            return 0.0
        self._drain(now)
        seconds = self._level / self._rate
        return seconds if seconds >= SHORTEST_WAIT_SECONDS else 0.0

    def _drain(self, now: float) -> None:
        self._level = max(0.0, self._level - self._rate * (now - self._looked))
        self._looked = now


class Throttle:
    """Both limits of a shipper.

    Args:
        clock: Tells the time and this process's processor time.
        lines_per_second: Lines sent in a second; 0 for no limit.
        cpu_percent: Processor time of this process in percent of one core; 0 for no limit.
    """

    def __init__(self, clock: Clock, lines_per_second: float, cpu_percent: float) -> None:
        self._clock = clock
        self._lines = Bucket(lines_per_second)
        self._cpu = Bucket(cpu_percent / 100)
        self._cpu_seen = clock.cpu()

    def spend(self, lines: int) -> None:
        """Tell that so many lines are sent now."""
        self._lines.spend(lines, self._clock.monotonic())

    def wait(self) -> float:
        """Return how many seconds nothing more may be sent."""
        now, cpu = self._clock.monotonic(), self._clock.cpu()
        self._cpu.spend(cpu - self._cpu_seen, now, is_gradual=True)
        self._cpu_seen = cpu
        return max(self._lines.wait(now), self._cpu.wait(now))

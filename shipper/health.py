"""How the running shipper is, for everybody who looks from outside: the account of all its files, and its lag."""

from collections.abc import Callable
from datetime import datetime

from core.health import Health, Status
from shipper.ledger import Ledger
from shipper.meter import Meter
from shipper.registry import Registry
from shipper.verify import Verdict, Verified

LATE_SECONDS = 60.0
"""A line that waits longer is worth a look: usual lags are below a second."""

_LINE_BYTES = 200
"""What a line is taken to be long before any was read: combined logs' usual length."""


class ShipperHealth:
    """Tells how the shipper is.

    Args:
        health: Where it is told.
        meter: The running shipper's figures.
        registry: The same shipper's registry.
        lost: Returns how many received lines found no room so far.
    """

    def __init__(self, health: Health, meter: Meter, registry: Registry, lost: Callable[[], int] = lambda: 0) -> None:
        self._health, self._meter, self._registry, self._lost = health, meter, registry, lost

    def beat(self) -> None:
        """Tell, where it is time; called from the shipper's main thread, to which the registry belongs."""
        meter = self._meter
        with meter.lock:
            now, lag, unreadable = meter.clock.now(), meter.lag(), list(meter.errors.values())
            error, success = meter.totals.last_error, meter.totals.last_success
        message = ""
        if unreadable:
            message = f"{len(unreadable):,} files are left alone, e.g. {unreadable[0].what!a}: {unreadable[0].reason}"
        elif lag > LATE_SECONDS:
            message = f"lines have been waiting for {lag:.0f} s"
            if error and (success is None or error.time > success):
                message += f": {error.reason}"
        status: Status = "warn" if message else "ok"
        if self._health.is_due(now, status):
            self._health.report(now, status=status, message=message, lag_seconds=round(lag, 3), lines=self._lines())

    def _lines(self) -> dict[str, int]:
        account = sum((entry.ledger for entry in self._registry.entries.values()), Ledger())
        pending = self._pending()
        return {
            "on_disk": account.lines + pending,
            "indexed": account.indexed,
            "already": account.present,
            "dead": account.rejected,
            "skipped": account.skipped,
            "pending": pending,
            "lost": self._lost(),
        }

    def _pending(self) -> int:
        """Return about how many lines are not acknowledged: to count them would mean to read them."""
        size, totals = self._meter.pending_bytes(), self._meter.totals
        usual = totals.bytes / totals.ledger.lines if totals.ledger.lines and totals.bytes else _LINE_BYTES
        return max(1, round(size / usual)) if size else 0


def report_verified(health: Health, found: Verified, now: datetime) -> None:
    """Tell what asking Elasticsearch for every line on the disk has brought, and wait until that is written."""
    total = sum(found.verdicts.values(), Verdict())
    lines = {
        "on_disk": total.lines + found.pending,
        "indexed": total.found,
        "dead": total.dead,
        "skipped": total.skipped,
        "pending": found.pending,
        "lost": total.missing,
        "doubled": total.doubled,
    }
    message = f"every line was asked for: {total.missing:,} are missing, {total.doubled:,} are there more than once"
    health.report(now, status="ok" if total.is_whole else "failing", message=message, lines=lines)
    health.wait()

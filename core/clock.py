"""The one place that asks what time it is; everything else takes `now` or a `Clock` as a parameter."""

import threading
import time
from datetime import UTC, datetime


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never run backwards."""
        return time.monotonic()

    def cpu(self) -> float:
        """Return the processor time of this process, all threads together, in seconds."""
        return time.process_time()

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Wait for `seconds`, or until `stop` is set; return True when it is set."""
        if stop is None:
            time.sleep(seconds)
            return False
        return stop.wait(seconds)


def iso_millis(moment: datetime) -> str:
    """Format an aware datetime as Elasticsearch writes dates: ``2026-01-31T08:15:00.123Z``."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """Parse an ISO-8601 time as Elasticsearch returns it; a missing offset means UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

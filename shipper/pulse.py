"""What a running shipper tells the world from time to time: a small status file, and a line in the log."""

import json
import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from core.clock import iso_millis
from shipper.meter import Meter

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
SUMMARY_SECONDS = 60.0


def pulse_path(registry: Path) -> Path:
    """Return where the shipper of a registry writes its status."""
    return registry.with_suffix(".status")


class Pulse:
    """Writes the status file each second at most, and a summary into the log each minute.

    Args:
        meter: What is told.
        registry: The registry's file; the status file lies beside it.
        is_following: The shipper goes on for long: write summaries.
        also: Called with each beat of a shipper that goes on for long.
    """

    def __init__(
        self, meter: Meter, registry: Path, *, is_following: bool, also: Callable[[], None] = lambda: None
    ) -> None:
        self._meter = meter
        self._path = pulse_path(registry)
        self._is_following = is_following
        self._also = also
        self._process = {"pid": os.getpid(), "started": psutil.Process().create_time()}
        self._next_beat = 0.0
        self._next_summary = meter.clock.monotonic() + SUMMARY_SECONDS
        self._lines = 0

    @property
    def is_due(self) -> bool:
        """Whether the status file is a second old."""
        return self._meter.clock.monotonic() >= self._next_beat

    def beat(self) -> None:
        """Write what is due; a disk that refuses the status file does not stop the shipper."""
        now = self._meter.clock.monotonic()
        self._next_beat = now + BEAT_SECONDS
        try:
            temporary = self._path.with_suffix(".status.new")
            temporary.write_text(json.dumps(self._content()), encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            log.debug("cannot write %r: %s", str(self._path), error.strerror)
        if self._is_following:
            self._also()
            if now >= self._next_summary:
                self._summarise(now)

    def _summarise(self, now: float) -> None:
        lines = self._meter.totals.ledger.lines
        seconds = SUMMARY_SECONDS + now - self._next_summary
        figures = (lines - self._lines, (lines - self._lines) / seconds, self._meter.lag())
        log.info("%d lines in the last minute, %.1f lines/s, lag %.1f s, %d in all", *figures, lines)
        self._lines, self._next_summary = lines, now + SUMMARY_SECONDS

    def _content(self) -> dict[str, Any]:
        meter, rates = self._meter, self._meter.rates()
        with meter.lock:
            now = meter.clock.now()
            files = {
                identity: {
                    "path": figures.path,
                    "lines_per_second": round(rates[identity], 2),
                    "lag_seconds": round(figures.lag(now), 1),
                    "caught_up": iso_millis(figures.caught_up),
                    "error": figures.error.as_dict() if figures.error else None,
                }
                for identity, figures in meter.files.items()
            }
            totals = meter.totals
            return self._process | {
                "updated": iso_millis(now),
                "lines": totals.ledger.as_dict(),
                "lines_per_second": round(sum(rates.values()), 2),
                "lag_seconds": round(meter.lag(), 1),
                "retries": totals.retries,
                "last_success": _iso(totals.last_success),
                "last_error": totals.last_error.as_dict() if totals.last_error else None,
                "unreadable": [mishap.as_dict() for mishap in meter.errors.values()],
                "files": files,
            }


def _iso(moment: datetime | None) -> str | None:
    return iso_millis(moment) if moment else None

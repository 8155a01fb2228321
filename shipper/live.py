"""What the running shipper, or the last one, says of itself in its status file."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from core.clock import parse_iso
from shipper.meter import Mishap
from shipper.pulse import pulse_path


@dataclass(frozen=True, slots=True)
class Live:
    """A shipper's word.

    Attributes:
        pid: Its process.
        is_running: Whether that runs.
        updated: When it said this, aware.
        lines_per_second: Of all files, over the last minute.
        last_error: What failed last.
        unreadable: Files that are left alone, each with the reason.
        caught_up: By identity, when all that was in a file was acknowledged last.
        rates: By identity, lines per second over the last minute.
        errors: By identity, what failed last.
    """

    pid: int
    is_running: bool
    updated: datetime
    lines_per_second: float
    last_error: Mishap | None = None
    unreadable: tuple[Mishap, ...] = ()
    caught_up: dict[str, datetime] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    errors: dict[str, Mishap] = field(default_factory=dict)


def read_live(registry: Path) -> Live | None:
    """Return what the shipper of a registry said last; None where it has said nothing that can be read."""
    try:
        content = json.loads(pulse_path(registry).read_text(encoding="utf-8"))
        return _live(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _live(content: dict[str, Any]) -> Live:
    files: dict[str, dict[str, Any]] = content["files"]
    is_running = _is_running(int(content["pid"]), float(content["started"]))
    errors = {identity: _mishap(each["error"]) for identity, each in files.items()}
    return Live(
        pid=int(content["pid"]),
        is_running=is_running,
        updated=parse_iso(content["updated"]),
        lines_per_second=float(content["lines_per_second"]) if is_running else 0.0,
        last_error=_mishap(content["last_error"]),
        unreadable=tuple(mishap for each in content["unreadable"] if (mishap := _mishap(each))),
        caught_up={identity: parse_iso(each["caught_up"]) for identity, each in files.items()},
        rates={identity: float(each["lines_per_second"]) for identity, each in files.items()} if is_running else {},
        errors={identity: error for identity, error in errors.items() if error},
    )


def _mishap(values: dict[str, str] | None) -> Mishap | None:
    return Mishap(parse_iso(values["time"]), str(values["what"]), str(values["reason"])) if values else None


def _is_running(pid: int, started: float) -> bool:
    # A number alone is not enough: after a restart of the machine another process may have it.
    try:
        return abs(psutil.Process(pid).create_time() - started) < 1
    except (psutil.Error, ValueError):
        return False

"""What the tests of the alerts share: a clock that is set by hand, and incidents."""

import copy
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.clock import Clock, parse_iso

NOW = parse_iso("2026-03-14T02:15:10.000Z")

INCIDENT: dict[str, Any] = {
    "@timestamp": "2026-03-14T02:15:07.000Z",
    "message": "Password guessing from 203.0.113.9 on shop.example",
    "event": {
        "kind": "alert",
        "start": "2026-03-14T02:12:04.000Z",
        "end": "2026-03-14T02:15:07.000Z",
        "risk_score": 62.0,
    },
    "rule": {"name": "bruteforce"},
    "threat": {"framework": "MITRE ATT&CK", "technique": {"id": ["T1110"], "name": ["Brute Force"]}},
    "source": {"address": ["203.0.113.9"], "ip": ["203.0.113.9"]},
    "url": {"domain": "shop.example", "path": "/login"},
    "user_agent": {"original": "python-requests/2.32.3"},
    "wwwatch": {
        "reasons": [
            {
                "feature": "login_posts",
                "value": 412.0,
                "usual": 4.0,
                "sentence": "412 POST /login; most have at most 4",
            },
            {"feature": "share_401", "value": 0.97, "usual": 0.2, "sentence": "97 % answered 401; most at most 20 %"},
        ],
        "evidence": [
            '203.0.113.9 - - [14/Mar/2026:02:12:04 +0000] "POST /login HTTP/1.1" 401 512 "-" "python-requests/2.32.3"'
        ],
        "incident": {
            "id": "i1",
            "state": "open",
            "kind": "bruteforce",
            "score": 62.0,
            "severity": "major",
            "level": 2,
            "confidence": 0.98,
            "opened": "2026-03-14T02:12:21.518Z",
            "updated": "2026-03-14T02:15:08.204Z",
            "clients": 1,
            "sessions": 1,
            "requests": 412,
        },
    },
}
CRITICAL = {"wwwatch.incident.level": 3, "wwwatch.incident.severity": "critical", "wwwatch.incident.score": 91.0}


class HandClock(Clock):
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.moment

    def monotonic(self) -> float:
        """Return the time that was set, in seconds."""
        return self.moment.timestamp()

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Move on."""
        self.move(seconds)
        return stop is not None and stop.is_set()

    def move(self, seconds: float) -> None:
        """Move on."""
        self.moment += timedelta(seconds=seconds)


def incident(changes: Mapping[str, Any] | None = None, **base: Any) -> dict[str, Any]:
    """Return an incident with values at dotted paths changed; None removes one."""
    document = copy.deepcopy(base or INCIDENT)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        inner = document
        for parent in parents:
            inner = inner.setdefault(parent, {})
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = value
    return document


def hit(document: dict[str, Any], name: str = "i1") -> dict[str, Any]:
    """Return a document as a search returns it."""
    return {"_index": "wwwatch-incidents", "_id": name, "_source": document}


def variables(document: dict[str, Any], name: str = "i1", now: datetime = NOW) -> dict[str, Any]:
    """Return what a template sees as ``ctx`` for an incident."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "watch_id": "incident",
        "execution_time": stamp,
        "trigger": {"scheduled_time": stamp, "triggered_time": stamp},
        "payload": hit(document, name),
    }

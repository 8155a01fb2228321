"""Made-up anomalies."""

from typing import Any

from core.documents import document_id
from detector.anomaly import Anomaly
from detector.reasons import Reason
from tests.unit.detector.frames import at

REASON = Reason("login_failures", 412.0, 4.0, "412 failed login attempts; 99 % of sessions here have at most 4")


def anomaly(
    client: str = "192.0.2.1", kind: str = "scan", start: float = 0.0, seconds: float = 60.0, **more: Any
) -> Anomaly:
    """Return an anomaly from `start` seconds after START on."""
    usual: dict[str, Any] = {
        "session_id": document_id("session", client, start),
        "user_agent": "agent",
        "domain": "example.org",
        "top_path": "/a",
        "requests": 20,
        "score": 80.0,
        "confidence": 0.75,
        "novelty": 0.5,
        "features": {"requests": 20.0},
        "reasons": (REASON,),
        "evidence": (f'{client} "GET /a"',),
        "model": "d" * 64,
    }
    return Anomaly(client=client, kind=kind, start=at(start), end=at(start + seconds), **usual | more)


def login_anomaly(number: int, failures: float, start: float = 0.0, **more: Any) -> Anomaly:
    """Return failed logins of one address."""
    usual: dict[str, Any] = {
        "kind": "spray" if failures < 20 else "bruteforce",
        "top_path": "/login",
        "requests": int(failures),
        "features": {"client_login_failures": failures},
    }
    return anomaly(f"198.51.100.{number}", start=start, **usual | more)

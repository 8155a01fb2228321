"""shipper: follows log files, remembers how far it got, batches and delivers; nothing lost, nothing twice."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipper.deadletter import DeadLetters, dead_letter_path
    from shipper.health import ShipperHealth, report_verified
    from shipper.ledger import Ledger
    from shipper.live import Live, read_live
    from shipper.meter import Meter, Mishap
    from shipper.registry import Registry
    from shipper.replaying import Replayed, replay
    from shipper.shipper import Shipper
    from shipper.status import FileStatus, read_status
    from shipper.verify import Verdict, Verified, verify_files

_HOMES = {
    "DeadLetters": "deadletter",
    "FileStatus": "status",
    "Ledger": "ledger",
    "Live": "live",
    "Meter": "meter",
    "Mishap": "meter",
    "Registry": "registry",
    "Replayed": "replaying",
    "Shipper": "shipper",
    "ShipperHealth": "health",
    "Verdict": "verify",
    "Verified": "verify",
    "dead_letter_path": "deadletter",
    "read_live": "live",
    "read_status": "status",
    "replay": "replaying",
    "report_verified": "health",
    "verify_files": "verify",
}

__all__ = [
    "DeadLetters",
    "FileStatus",
    "Ledger",
    "Live",
    "Meter",
    "Mishap",
    "Registry",
    "Replayed",
    "Shipper",
    "ShipperHealth",
    "Verdict",
    "Verified",
    "dead_letter_path",
    "read_live",
    "read_status",
    "replay",
    "report_verified",
    "verify_files",
]


def __getattr__(name: str) -> object:
    """Import what is asked for: who only reads a log's bytes needs nothing of Elasticsearch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

"""shipper: follows log files, remembers how far it got, batches and delivers; nothing lost, nothing twice."""

from shipper.deadletter import DeadLetters, dead_letter_path
from shipper.health import ShipperHealth, report_verified
from shipper.ledger import Ledger
from shipper.live import Live, read_live
from shipper.meter import Meter, Mishap
from shipper.registry import Registry
from shipper.replay import Replayed, replay
from shipper.shipper import Shipper
from shipper.status import FileStatus, read_status
from shipper.verify import Verdict, Verified, verify_files

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

"""shipper: follows log files, remembers how far it got, batches and delivers; nothing lost, nothing twice."""

from shipper.ledger import Ledger
from shipper.registry import Registry
from shipper.shipper import Shipper
from shipper.status import FileStatus, read_status

__all__ = ["FileStatus", "Ledger", "Registry", "Shipper", "read_status"]

"""What keeps wwwatch from crying wolf: the gates between a notice and its telling, each with a reason."""

from alerts.quiet.gates import Explained, Gates
from alerts.quiet.silence import Silence
from alerts.quiet.standard import standard_gates
from alerts.quiet.store import SilenceStore

__all__ = ["Explained", "Gates", "Silence", "SilenceStore", "standard_gates"]

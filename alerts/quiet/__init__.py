"""What keeps wwwatch from crying wolf: the gates between a notice and its telling, each with a reason."""

from alerts.quiet.gates import Explained, Gates

__all__ = ["Explained", "Gates"]

"""What can go wrong in the simulator."""

from core.errors import WwwatchError


class SimulatorError(WwwatchError):
    """Traffic cannot be simulated, served or sent: an unknown attack, a server that does not start, a wrong target."""

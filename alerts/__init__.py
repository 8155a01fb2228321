"""alerts: Watcher-style watches: trigger, input, condition, actions; each notice recorded, told once, and marked."""

from alerts.engine import Engine, Run
from alerts.history import History
from alerts.mailer import Mailer
from alerts.notice import Act, Decision, Notice, State, decide
from alerts.rules import parse_watch, read_watch, read_watches
from alerts.status import StatusStore
from alerts.watch import Watch

__all__ = [
    "Act",
    "Decision",
    "Engine",
    "History",
    "Mailer",
    "Notice",
    "Run",
    "State",
    "StatusStore",
    "Watch",
    "decide",
    "parse_watch",
    "read_watch",
    "read_watches",
]

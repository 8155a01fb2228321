"""alerts: Watcher-style watches: trigger, input, condition, actions; each notice recorded, told once, and marked."""

from alerts.channels.mailer import Mailer
from alerts.engine.engine import Engine
from alerts.engine.health import EngineHealth
from alerts.engine.library import Library, build_library
from alerts.engine.order import Mode, Order, Run, Trigger
from alerts.engine.records import Records
from alerts.engine.store import StatusStore
from alerts.language.files import parse_watch, read_watch, read_watches
from alerts.language.model import Watch
from alerts.notices.history import History
from alerts.notices.notice import Act, Decision, Notice, State, Turn
from alerts.quiet import Gates

__all__ = [
    "Act",
    "Decision",
    "Engine",
    "EngineHealth",
    "Gates",
    "History",
    "Library",
    "Mailer",
    "Mode",
    "Notice",
    "Order",
    "Records",
    "Run",
    "State",
    "StatusStore",
    "Trigger",
    "Turn",
    "Watch",
    "build_library",
    "parse_watch",
    "read_watch",
    "read_watches",
]

"""What a person does not want to be told of for a while: by kind, client, path and watch, and when. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import ip_network
from typing import Any, Self

from alerts.language.parts import format_duration, parse_duration
from alerts.quiet.subject import Network, Subject
from alerts.quiet.windows import Every, parse_every
from core.clock import iso_millis, parse_iso
from core.documents import Document, document_id
from core.errors import RuleError
from core.text import visible


@dataclass(frozen=True)
class Silence:
    """A silence, or with `every` a maintenance window that comes again and again; what is empty matches everything.

    Attributes:
        clients: Networks; an incident is silenced only when all its clients are inside.
        path: A pattern of the most asked path: ``*`` for anything, ``?`` for one character.
        start: Inclusive.
        end: Exclusive; None for no end, which only a window may have.
        every: When a window begins, as a person wrote it; empty for a silence that lasts from start to end.
        lasting: How long each window is.
        ended: When somebody ended it early.
    """

    id: str
    start: datetime
    end: datetime | None
    why: str
    by: str
    kind: str = ""
    clients: tuple[str, ...] = ()
    path: str = ""
    watch: str = ""
    every: str = ""
    lasting: timedelta = timedelta()
    timezone: str = "UTC"
    created: datetime | None = None
    ended: datetime | None = None
    ended_by: str = ""

    @property
    def is_for_everything(self) -> bool:
        """Whether nothing limits what it silences: neither does a pattern or a network that everything is in."""
        has_limit = bool(self._networks) and all(each.prefixlen for each in self._networks)
        return not (self.kind or self.path.strip("*") or self.watch or has_limit)

    @property
    def last(self) -> datetime | None:
        """When it ends for good; None for never."""
        ends = [each for each in (self.end, self.ended) if each is not None]
        return min(ends, default=None)

    def until(self, now: datetime) -> datetime | None:
        """Return when it stops silencing; None where it does not silence at present."""
        if now < self.start or (self.last is not None and now >= self.last):
            return None
        if not self.every:
            return self.last
        ends = self._every.until(now, self.lasting)
        return min((each for each in (ends, self.last) if each is not None), default=None) if ends else None

    def is_over(self, now: datetime) -> bool:
        """Tell whether it will never silence again."""
        return self.last is not None and now >= self.last

    def covers(self, subject: Subject, watch_id: str) -> bool:
        """Tell whether it is about this."""
        return (
            self.watch in ("", watch_id)
            and self.kind in ("", subject.kind)
            and (not self.path or fnmatchcase(subject.path, self.path.replace("[", "[[]")))
            and (not self.clients or subject.is_all_inside(self._networks))
        )

    def scope(self) -> str:
        """Say what it is about, in words."""
        parts = {"kind": self.kind, "client": ", ".join(self.clients), "path": self.path, "watch": self.watch}
        return "; ".join(f"{name} {visible(value)}" for name, value in parts.items() if value) or "everything"

    def when(self) -> str:
        """Say when it silences, in words."""
        if self.every:
            return f"{self.every} for {format_duration(self.lasting)} ({self.timezone})"
        return f"{_short(self.start)} to {_short(self.end)}" if self.end else f"from {_short(self.start)}"

    def over_by(self, who: str, now: datetime) -> Self:
        """Return it as ended now."""
        return replace(self, ended=now, ended_by=who)

    def value(self) -> Document:
        """Return what the state document keeps of it."""
        value: Document = {
            "start": iso_millis(self.start),
            "end": iso_millis(self.end) if self.end else None,
            "why": self.why,
            "by": self.by,
            "kind": self.kind or None,
            "clients": list(self.clients) or None,
            "path": self.path or None,
            "watch": self.watch or None,
            "every": self.every or None,
            "lasting": format_duration(self.lasting) if self.every else None,
            "timezone": self.timezone if self.every else None,
            "created": iso_millis(self.created) if self.created else None,
            "ended": iso_millis(self.ended) if self.ended else None,
            "ended_by": self.ended_by or None,
        }
        return {name: each for name, each in value.items() if each is not None}

    @classmethod
    def of(cls, identity: str, value: Document) -> Self:
        """Return the silence that a state document's value holds.

        Raises:
            KeyError, TypeError, ValueError: It is malformed.
        """
        known: dict[str, Any] = {name: value[name] for name in ("kind", "path", "watch", "every") if name in value}
        for name in ("end", "created", "ended"):
            known[name] = parse_iso(value[name]) if name in value else None
        return cls(
            id=identity,
            start=parse_iso(value["start"]),
            why=value["why"],
            by=value["by"],
            clients=tuple(value.get("clients", ())),
            lasting=parse_duration(value["lasting"]) if "lasting" in value else timedelta(),
            timezone=value.get("timezone", "UTC"),
            ended_by=value.get("ended_by", ""),
            **known,
        )

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return tuple(ip_network(each, strict=False) for each in self.clients)

    @cached_property
    def _every(self) -> Every:
        return parse_every(self.every, self.timezone)


def checked(silence: Silence) -> Silence:
    """Return a silence that can be kept, with its id.

    Raises:
        RuleError: It makes no sense: no end, ends before it begins, is no network, or cannot be read.
    """
    for each in silence.clients:
        try:
            ip_network(each, strict=False)
        except ValueError:
            raise RuleError(f"{visible(each)!r} is no network", "write it as 192.0.2.0/24 or 192.0.2.7") from None
    if silence.every:
        parse_every(silence.every, silence.timezone)
        if silence.lasting <= timedelta():
            raise RuleError("a window that comes again needs a length", "add --for, e.g. --for 2h")
    elif silence.end is None:
        raise RuleError("a silence needs an end", "add --for 2h or --until 2026-03-14T18:00")
    if silence.end is not None and silence.end <= silence.start:
        raise RuleError("the silence ends before it begins", "correct --from, --until or --for")
    return replace(silence, id=document_id("silence", *silence.value().values())[:10])


def _short(moment: datetime) -> str:
    return iso_millis(moment)[:16].replace("T", " ")

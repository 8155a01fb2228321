"""The registry: how far each file got. One JSON file, replaced as a whole, held by one shipper at a time."""

import json
import logging
import socket
from dataclasses import dataclass, field, fields
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from core.clock import parse_iso
from core.errors import DeliveryError
from shipper.durable import replace_file
from shipper.ledger import Ledger

log = logging.getLogger(__name__)

VERSION = 1

FORGET_AFTER = timedelta(days=30)
"""How long an entry is kept when its file is gone."""


@dataclass(slots=True)
class Entry:
    """What is known of one file.

    Attributes:
        path: Its name when it was first seen; the documents carry this one.
        device: The file system's number.
        inode: The file's number in it.
        generation: See `identity.identify`.
        offset: Everything before this byte is acknowledged.
        in_flight: The bytes, from and up to, that were on their way at the last save: after a crash they may be there.
        sent: When the first of those were sent, ISO 8601.
        superseded: The file was emptied; another entry follows what is in it now.
        ledger: What became of the lines before `offset`.
        begin: Where the first byte lies that is not NUL: what `prefix` and `digest` are about starts there.
        prefix: How many bytes of the content are known by their digest; 0 in a registry of before.
        digest: SHA-256 of these, hexadecimal.
        anchor: Where a second stretch of known bytes ends, which moves on with `offset`.
        anchor_digest: SHA-256 of it.
        packed: Size of the compressed file that was read to its end.
        splits: Where a line without its end was taken for whole, most often at the end of a file taken as it is.
        seen: The day on which the file was last there, ISO 8601.
        format: What must be known of earlier lines to read on, e.g. the last `#Fields:` of a W3C log.
        start: Where the lines of this entry begin: those before it are of the entry that it supersedes.
        changed: When the file was last changed, as far as it was looked at, in nanoseconds since the epoch.
        after: The same of the file that had its name before.
        left: How the files begin that lay beside the first one of its name.
    """

    path: str
    device: int
    inode: int
    generation: int = 0
    offset: int = 0
    in_flight: tuple[int, int] | None = None
    sent: str | None = None
    superseded: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    begin: int = 0
    prefix: int = 0
    digest: str = ""
    anchor: int = 0
    anchor_digest: str = ""
    packed: int | None = None
    splits: list[int] = field(default_factory=list)
    seen: str | None = None
    format: str | None = None
    start: int = 0
    changed: int | None = None
    after: int | None = None
    left: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int]:
        """Device and inode."""
        return self.device, self.inode


_NAMES = [each.name for each in fields(Entry)]
_values = attrgetter(*_NAMES)


class Registry:
    """Entries by file identity; use it in a `with` block, which holds the lock.

    Args:
        path: The JSON file; it and its folder are made when they are missing.

    Raises:
        DeliveryError: On entering: another shipper holds it, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.host = socket.gethostname()
        self.entries: dict[str, Entry] = {}
        self._lines: dict[str, tuple[tuple[object, ...], str]] = {}
        self._lock = FileLock(path.with_suffix(".lock"))

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise DeliveryError(f"another shipper uses the registry {self.path}", "stop it first") from None
        except OSError as error:
            raise DeliveryError(
                f"cannot use the registry {self.path}: {error.strerror}", "check WWWATCH_STATE"
            ) from None
        try:
            # The host is part of every identity: a machine that is renamed must not ship its logs again.
            self.host, self.entries = read_registry(self.path) or (self.host, {})
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def fold(self, identity: str, name: str) -> None:
        """Add what became of a spool segment's lines to its input's account; the segment is no more."""
        entry = self.entries.pop(identity)
        self._lines.pop(identity, None)
        total = self.entries.setdefault(name, Entry(name, 0, 0, superseded=True))
        total.offset, total.ledger, total.seen = total.offset + entry.offset, total.ledger + entry.ledger, entry.seen

    def forget(self, today: str, there: set[str]) -> None:
        """Note which entries' files are there, and forget those that are gone for `FORGET_AFTER`.

        An entry with lines on their way is kept: whether these arrived is still to be found out.

        Args:
            today: The date, ISO 8601.
            there: The entries whose files are there.
        """
        for identity, entry in list(self.entries.items()):
            entry.seen = today if identity in there else entry.seen or today
            if parse_iso(today) - parse_iso(entry.seen) > FORGET_AFTER and entry.in_flight is None:
                del self.entries[identity]
                self._lines.pop(identity, None)
                log.info("%s is forgotten: it was last there on %s", ascii(entry.path), entry.seen)

    def save(self) -> None:
        """Write the registry so that a crash leaves the old or the new one, never half of one.

        Raises:
            DeliveryError: The disk refuses.
        """
        files = ",\n".join(self._line(identity, entry) for identity, entry in self.entries.items())
        content = f'{{"version": {VERSION}, "host": {json.dumps(self.host)}, "files": {{\n{files}\n}}}}\n'
        try:
            replace_file(self.path, [content])
        except OSError as error:
            raise DeliveryError(f"cannot save the registry {self.path}: {error.strerror}", "free space on it") from None

    def _line(self, identity: str, entry: Entry) -> str:
        """Return an entry as JSON; of thousands few have changed since the last time."""
        values = _values(entry)
        state = (*values, len(entry.splits))  # the list itself is the same one, whatever was added
        known = self._lines.get(identity)
        if known is None or known[0] != state:
            content = dict(zip(_NAMES, values, strict=True)) | {"ledger": entry.ledger.as_dict()}
            known = self._lines[identity] = state, f"{json.dumps(identity)}: {json.dumps(content)}"
        return known[1]


def read_registry(path: Path) -> tuple[str, dict[str, Entry]] | None:
    """Return the host and the entries of a registry file, or None where there is no file; takes no lock.

    Raises:
        DeliveryError: The file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise DeliveryError(
                f"the registry {path} is of version {content['version']}", "use the wwwatch that wrote it"
            )
        return content["host"], {identity: _entry(values) for identity, values in content["files"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "restore it, or move it away: then all is shipped again, and what is there already stays single"
        raise DeliveryError(f"cannot read the registry {path}: {type(error).__name__}", hint) from None


def _entry(values: dict[str, Any]) -> Entry:
    in_flight = values["in_flight"] and (int(values["in_flight"][0]), int(values["in_flight"][1]))
    return Entry(**values | {"ledger": Ledger(**values["ledger"]), "in_flight": in_flight})

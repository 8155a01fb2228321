"""The dead-letter file: what Elasticsearch refused for good, whole, with the reason."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DeliveryError
from shipper.durable import replace_file


@dataclass(frozen=True, slots=True)
class Letter:
    """A refused document.

    Attributes:
        id: Its id.
        status: The HTTP status of the refusal.
        reason: Elasticsearch's reason.
        document: The document's JSON.
        is_accepted: A replay delivered it, and is about to take it out of the file.
    """

    id: str
    status: int
    reason: str
    document: str
    is_accepted: bool = False

    def as_line(self) -> str:
        """Return its line of the file."""
        line: dict[str, Any] = {"_id": self.id, "status": self.status, "reason": self.reason}
        if self.is_accepted:
            line["accepted"] = True
        return json.dumps(line | {"document": json.loads(self.document)}) + "\n"


def dead_letter_path(registry: Path) -> Path:
    """Return where the dead letters of a registry's shipper are: of each namespace apart, for they go back there."""
    return registry.with_suffix(".dead-letters.ndjson")


class DeadLetters:
    """A file of JSON lines, made when the first one is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, letters: Iterable[Letter]) -> None:
        """Add letters, and return when they are on the disk.

        Raises:
            DeliveryError: The disk refuses.
        """
        text = "".join(letter.as_line() for letter in letters)
        with self._lock, _disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                    file.write(b"\n")  # a crash left the last line unfinished: it must not swallow the next one
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())

    def ids(self) -> set[str]:
        """Return the ids of all letters; a last line that a crash left unfinished does not count."""
        return {letter.id for letter in self.read()}

    def size(self) -> int:
        """Return the file's size in bytes; 0 where there is none."""
        return self.path.stat().st_size if self.path.exists() else 0

    def read(self) -> Iterator[Letter]:
        """Yield all letters; lines that are none are left out.

        Raises:
            DeliveryError: The file is there and cannot be read.
        """
        with _disk_errors(self.path):
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                for line in file:
                    letter = _letter(line)
                    if letter:
                        yield letter

    def replace(self, letters: Iterable[Letter]) -> None:
        """Write the file anew, so that a crash leaves the old one or the new one.

        Raises:
            DeliveryError: The disk refuses.
        """
        with self._lock, _disk_errors(self.path):
            replace_file(self.path, (letter.as_line() for letter in letters))


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot use the dead-letter file {path}: {error.strerror}"
        raise DeliveryError(what, "free space on its disk, or check its permissions") from None


def _letter(line: bytes) -> Letter | None:
    try:
        values = json.loads(line)
        document = json.dumps(values["document"])
        accepted = bool(values.get("accepted"))
        return Letter(str(values["_id"]), int(values["status"]), str(values["reason"]), document, accepted)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

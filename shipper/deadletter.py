"""The dead-letter file: what Elasticsearch refused for good, whole, with the reason."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Letter:
    """A refused document: its id, the HTTP status, Elasticsearch's reason, and the document's JSON."""

    id: str
    status: int
    reason: str
    document: str


class DeadLetters:
    """A file of JSON lines, made when the first one is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, letters: Iterable[Letter]) -> None:
        """Add letters, and return when they are on the disk.

        Raises:
            DeliveryError: The disk refuses.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                for letter in letters:
                    line = {"_id": letter.id, "status": letter.status, "reason": letter.reason}
                    file.write(json.dumps(line | {"document": json.loads(letter.document)}) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryError(f"cannot write {self.path}: {error.strerror}", "free space on it") from None

    def ids(self) -> set[str]:
        """Return the ids of all letters; a last line that a crash left unfinished does not count."""
        if not self.path.exists():
            return set()
        found = set()
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    found.add(str(json.loads(line)["_id"]))
                except (ValueError, KeyError, TypeError):
                    continue
        return found

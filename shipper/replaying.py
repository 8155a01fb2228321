"""Sends dead letters again, when what made Elasticsearch refuse them has been put right.

A letter's id is ``<file identity>-<offset>``, so each finds the account of its file: what is accepted moves there from
"dead-lettered" to "indexed". Three writes, each of which a crash leaves done or not done: accepted letters are marked
in the file; the accounts are moved; the marked letters leave the file. The next replay goes on from any of them.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from elasticsearch import Elasticsearch

from shipper.batch import Documents
from shipper.deadletter import DeadLetters, Letter, dead_letter_path
from shipper.delivery import Delivery
from shipper.meter import Meter
from shipper.registry import Entry, Registry

LETTERS_PER_BATCH = 1_000
_FIRST_DAY = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the letters: accepted, or still in the file."""

    accepted: int
    remaining: int


class _Refused(DeadLetters):
    """Takes the letters that are refused again, in memory: they are in the file still."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.letters: dict[str, Letter] = {}

    def append(self, letters: Iterable[Letter]) -> None:
        """Keep letters."""
        self.letters |= {letter.id: letter for letter in letters}

    def ids(self) -> set[str]:
        """Return none: a letter that is refused again may be tried again."""
        return set()


def replay(
    client: Elasticsearch,
    stream: str,
    *,
    dead_letters: DeadLetters,
    registry: Registry,
    meter: Meter,
    stop: threading.Event,
) -> Replayed:
    """Send all dead letters again.

    Args:
        client: Elasticsearch.
        stream: The data stream.
        dead_letters: The file.
        registry: The entered registry of the same shipper, which keeps it from running meanwhile.
        meter: Told of each request.
        stop: Ends the waiting for an Elasticsearch that is away.

    Raises:
        StoppedError: `stop` was set; the letters stay.
        StoreError: Elasticsearch refuses for a reason that is not the documents'.
        DeliveryError: The dead-letter file or the registry cannot be written.
    """
    letters = {letter.id: letter for letter in dead_letters.read()}
    if not letters:
        return Replayed(0, 0)
    waiting = [letter for letter in letters.values() if not letter.is_accepted]
    for start in range(0, len(waiting), LETTERS_PER_BATCH):
        some = waiting[start : start + LETTERS_PER_BATCH]
        refused = _Refused()
        delivery = Delivery(client, stream, refused, meter, stop, all_refused=0)
        delivery.send(_documents(some), sent=_FIRST_DAY, is_repeat=True)
        letters |= {each.id: refused.letters.get(each.id) or replace(each, is_accepted=True) for each in some}
    dead_letters.replace(letters.values())
    elsewhere = DeadLetters(dead_letter_path(registry.path)).read()  # where another file than the shipper's is sent
    _move_accounts([*letters.values(), *(each for each in elsewhere if each.id not in letters)], registry)
    registry.save()
    left = [letter for letter in letters.values() if not letter.is_accepted]
    dead_letters.replace(left)
    return Replayed(len(letters) - len(left), len(left))


def _move_accounts(letters: Iterable[Letter], registry: Registry) -> None:
    """Move accepted letters from "rejected" to "indexed", as far as that was not done before a crash.

    Before it, an account's rejected lines are its accepted letters and its others; after it, the others alone.
    Lines beyond the offset are not in the account yet: the shipper will find them there, or in the file.
    """
    accepted: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for letter in letters:
        entry, identity = _entry_of(letter, registry)
        if entry:
            (accepted if letter.is_accepted else others)[identity] += 1
    for identity, count in accepted.items():
        entry = registry.entries[identity]
        ledger = entry.ledger
        moved = max(0, min(count, ledger.rejected - others[identity]))
        entry.ledger = replace(ledger, rejected=ledger.rejected - moved, indexed=ledger.indexed + moved)


def _entry_of(letter: Letter, registry: Registry) -> tuple[Entry | None, str]:
    identity, _, offset = letter.id.rpartition("-")
    entry = registry.entries.get(identity)
    is_counted = entry is not None and offset.isdecimal() and int(offset) < entry.offset
    return (entry if is_counted else None), identity


def _documents(letters: list[Letter]) -> Documents:
    return Documents.of([letter.id for letter in letters], [letter.document for letter in letters])

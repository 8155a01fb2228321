"""Asks Elasticsearch for every line of the files on disk: the proof that none is lost and none is there twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from elasticsearch import Elasticsearch

from core.errors import DeliveryError
from shipper.counts import Counts
from shipper.deadletter import DeadLetters, dead_letter_path
from shipper.identity import line_ids
from shipper.lookup import backing_indices, count_ids
from shipper.reader import Chunk, Read, read_chunk
from shipper.registry import Entry, read_registry
from shipper.status import count_pending, find_source

_PIECE = 4_000_000


@dataclass(frozen=True, slots=True)
class Verdict(Counts):
    """What became of a file's lines, as Elasticsearch has it.

    Attributes:
        lines: Lines on the disk before the registry's offset.
        found: Lines that are there, once or more.
        doubled: Lines that are there more than once.
        dead: Lines in the dead-letter file.
        skipped: Lines that hold no event.
        missing: Lines that are nowhere.
    """

    lines: int = 0
    found: int = 0
    doubled: int = 0
    dead: int = 0
    skipped: int = 0
    missing: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether each line is accounted for, once."""
        return not self.missing and not self.doubled


Told = Callable[[int], None]
"""Told after each piece how many lines were asked for."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The verdicts by path, and what could not be asked for."""

    verdicts: dict[str, Verdict]
    gone: int
    pending: int


def verify_files(client: Elasticsearch, stream: str, registry: Path, told: Told) -> Verified:
    """Ask for the lines of all files on disk that a registry knows; its shipper may run meanwhile.

    Args:
        client: Elasticsearch.
        stream: The data stream.
        registry: The registry's file.
        told: Told how far it got.

    Raises:
        StoreError: Elasticsearch could not be asked.
        DeliveryError: The registry or a file cannot be read.
    """
    host, entries = read_registry(registry) or ("", {})
    dead = DeadLetters(dead_letter_path(registry)).ids()
    indices = list(backing_indices(client, stream))  # what the registry calls delivered is in none that is made later
    verdicts: dict[str, Verdict] = {}
    gone = pending = 0
    for identity, entry in entries.items():
        source = find_source(host, identity, entry)
        if source is None:
            gone += 1
            continue
        try:
            verdict = verify_file(client, indices, identity, entry, read=source.read, dead=dead, told=told)
            pending += count_pending(source, entry)
        except OSError as error:
            raise DeliveryError(f"cannot read {entry.path}: {error.strerror}", "check the file and its disk") from None
        finally:
            source.close()
        verdicts[entry.path] = verdicts.get(entry.path, Verdict()) + verdict
    return Verified(verdicts, gone, pending)


def verify_file(
    client: Elasticsearch,
    indices: Sequence[str],
    identity: str,
    entry: Entry,
    *,
    read: Read,
    dead: set[str],
    told: Told,
) -> Verdict:
    """Ask for the lines of one file.

    Args:
        client: Elasticsearch.
        indices: The data stream's backing indices.
        identity: The file's key in the registry.
        entry: Its place there.
        read: Returns bytes of the file: how many at most, and from where on.
        dead: The ids of the dead letters.
        told: Told how far it got.

    Raises:
        StoreError: Elasticsearch could not be asked.
        OSError: The file could not be read.
    """
    verdict, skippable = Verdict(), entry.ledger.skipped
    for chunk in _chunks(entry, read):
        ids = line_ids(identity, chunk.offsets).to_list()
        times = count_ids(client, indices, ids)
        absent = [row for row, each in enumerate(ids) if not times[each] and each not in dead]
        # A line without an event has no document; there are as many of those as the account says, and no more.
        skipped = min(sum(_may_be_skipped(chunk.lines[row]) for row in absent), skippable)
        skippable -= skipped
        verdict += Verdict(
            lines=len(ids),
            found=len(times),
            doubled=sum(count > 1 for count in times.values()),
            dead=sum(each in dead and not times[each] for each in ids),
            skipped=skipped,
            missing=len(absent) - skipped,
        )
        told(len(ids))
    return verdict


def _chunks(entry: Entry, read: Read) -> Iterator[Chunk]:
    """Yield the lines before the offset as the shipper took them, also where it took a part of a line for one."""
    ends = [entry.start, *sorted(split for split in entry.splits if split < entry.offset), entry.offset]
    for start, end in pairwise(ends):

        def up_to_end(size: int, position: int, end: int = end) -> bytes:
            return read(max(0, min(size, end - position)), position)

        position = start
        while position < end and (chunk := read_chunk(up_to_end, position, _PIECE, closing=True)):
            yield chunk
            position = chunk.end


def _may_be_skipped(line: str) -> bool:
    return not line.strip() or line.startswith("#")

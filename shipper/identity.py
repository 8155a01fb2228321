"""Who a file is: its name may change, its inode may be another file's tomorrow; what it begins with stays."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from shipper.registry import Entry
from shipper.source import Source, find_begin

PREFIX_BYTES = 1_024
"""How many of its first bytes tell a file from all others: some five lines, each with its time."""

ANCHOR_BYTES = 256
"""How many bytes before the offset must be the ones that were read."""

HEAD_BYTES = 4_096
"""How much of the first line goes into the identity at most."""

PACKING = re.compile(r"\.(gz|zst|bz2|xz)$")
"""What compressing adds to a name."""

_ROTATION = re.compile(r"([._-]?\d+)+(?=\.|$)|\.(old|bak|save|orig)$")


@dataclass(frozen=True, slots=True)
class Head:
    """What a file begins with.

    Attributes:
        begin: Where its first byte lies that is not NUL.
        data: The bytes from there on, `PREFIX_BYTES` at most.
        line: Its first line, which goes into the identity; None while that is still being written.
    """

    begin: int
    data: bytes
    line: bytes | None


def read_head(source: Source, *, closing: bool) -> Head | None:
    """Return what the file begins with; None while it is empty.

    Args:
        source: The open file.
        closing: Nothing more is expected: take a first line without its end, too.
    """
    begin = find_begin(source)
    if begin is None:
        return None
    data = source.read(HEAD_BYTES, begin)
    # W3C logs all begin with the same directives; the first line of their own is the one after those.
    position = 0
    while data.startswith(b"#", position) and (end := data.find(b"\n", position)) >= 0:
        position = end + 1
    end = data.find(b"\n", position)
    line = data[: end if end >= 0 else len(data)]
    is_whole = end >= 0 or len(data) == HEAD_BYTES or closing or source.is_over
    return Head(begin, data[:PREFIX_BYTES], line if is_whole else None)


def identify(host: str, device: int, inode: int, head: bytes, generation: int) -> str:
    """Return a file's identity, 16 hexadecimal digits.

    Args:
        host: The machine's name.
        device: The file system's number.
        inode: The file's number in it.
        head: The first line.
        generation: How many files of this inode and first line there were before.
    """
    digest = hashlib.sha256(f"{host}\0{device}\0{inode}\0{generation}\0".encode("utf-8", "surrogateescape") + head)
    return digest.hexdigest()[:16]


def line_ids(identity: str, offsets: pl.Series) -> pl.Series:
    """Return the ids of the documents of a file's lines, ``<identity>-<offset>``, by where each line starts."""
    return pl.select(pl.format("{}-{}", pl.lit(identity), offsets)).to_series()


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of some bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def learn(entry: Entry, head: Head) -> None:
    """Let the entry know its file by all of its head."""
    entry.begin, entry.prefix, entry.digest = head.begin, len(head.data), digest_of(head.data)


def move_anchor(entry: Entry, source: Source) -> None:
    """Let the entry know also the bytes before its offset."""
    if source.is_packed or entry.anchor == entry.offset:
        return
    start = max(entry.offset - ANCHOR_BYTES, 0)
    data = source.read(entry.offset - start, start)
    if len(data) == entry.offset - start:
        entry.anchor, entry.anchor_digest = entry.offset, digest_of(data)


def has_begin(entry: Entry, head: Head) -> bool:
    """Return whether a file that begins so begins as the entry's file did."""
    return (
        0 < entry.prefix <= len(head.data)
        and head.begin == entry.begin
        and digest_of(head.data[: entry.prefix]) == entry.digest
    )


def has_content(entry: Entry, source: Source, head: Head) -> bool:
    """Return whether the file holds what was read under this entry, as far as telling so is cheap.

    Of a compressed file only the beginning is looked at.
    """
    if not has_begin(entry, head):
        return False
    if source.is_packed:
        return True
    if (source.size() or 0) < entry.offset:
        return False
    start = max(entry.anchor - ANCHOR_BYTES, 0)
    return not entry.anchor or digest_of(source.read(entry.anchor - start, start)) == entry.anchor_digest


def is_as_before(host: str, identity: str, entry: Entry, source: Source) -> bool:
    """Return whether the file is the one of an entry of a registry that knew files by their first line only."""
    if entry.prefix or source.is_packed or source.key != entry.key or (source.size() or 0) < entry.offset:
        return False
    line, newline, _ = (data := source.read(HEAD_BYTES, 0)).partition(b"\n")
    head = line if newline else data
    return identity == identify(host, entry.device, entry.inode, head, entry.generation)


def is_cut(host: str, identity: str, entry: Entry, source: Source, head: Head) -> bool:
    """Return whether the file holds nothing but a part of what was read under this entry, from the beginning on.

    It must hold the whole beginning by which it is known; of less than that, no more than the first line could be
    compared, and two contents may have that in common. Lines that are all the same tell nothing: a log without times
    may have been emptied, and have got the same line again.
    """
    if source.is_packed or head.line is None or source.key != entry.key or (source.size() or 0) >= entry.offset:
        return False
    is_telling = len(set(head.data.splitlines())) > 1 or len(head.line) >= PREFIX_BYTES
    first = identify(host, entry.device, entry.inode, head.line, entry.generation)
    return is_telling and has_begin(entry, head) and first == identity


def family_of(path: str) -> str:
    """Return what rotation leaves of a name: ``access.log`` of ``/var/log/access.log-20260101.gz``."""
    return _ROTATION.sub("", PACKING.sub("", PurePath(path).name))

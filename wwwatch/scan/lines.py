"""Raw lines by position: only those that are shown are read again."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby

from core.errors import DeliveryError
from shipper.reader import Read
from shipper.source import open_source
from wwwatch.scan.reading import Part

LONGEST = 2_000
"""Characters of a line that are kept."""


def read_raw(parts: Sequence[Part], positions: Iterable[int]) -> dict[int, str]:
    """Return lines by where they begin.

    What a file no longer holds, as rotation may take it away meanwhile, is left out.

    Args:
        parts: The files that were read.
        positions: Of lines, counted over all files.
    """
    bases = [part.base for part in parts]
    found: dict[int, str] = {}
    for number, wanted in groupby(sorted(set(positions)), lambda position: bisect_right(bases, position) - 1):
        try:
            source = open_source(parts[number].item.path)
        except (OSError, DeliveryError):
            continue
        try:
            for position in wanted:
                found[position] = _line(source.read, position - bases[number])
        finally:
            source.close()
    return found


def _line(read: Read, start: int) -> str:
    # As `shipper.reader.split_lines` reads it, which is made for thousands.
    line = read(LONGEST * 4, start).partition(b"\n")[0]
    return line.removesuffix(b"\r").lstrip(b"\0").decode("utf-8", "backslashreplace")[:LONGEST]

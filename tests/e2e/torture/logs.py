"""A log as a web server writes it, and a journal beside it of every line that was written."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event

from tests.e2e.torture.lines import make_line

TICK_SECONDS = 0.1
PATIENCE_SECONDS = 60
_TICKS_PER_LOOK = 10

Shipped = Callable[[str, int], bool]
"""Asked with the beginning of paths and a number: whether so many different ones are in Elasticsearch."""


@dataclass
class Writing:
    """What all logs of a run share.

    Attributes:
        folder: Holds a folder for each log.
        journals: Holds a journal for each log.
        seed: Makes the run repeatable.
        rate: Lines per second of each log.
        seconds: How long a log lives between two rotations, about.
        shipped: Asks Elasticsearch.
        stop: Ends it all.
    """

    folder: Path
    journals: Path
    seed: int
    rate: float
    seconds: float
    shipped: Shipped
    stop: Event = field(default_factory=Event)


class Log:
    """A log of some name; a kind of rotation is a subclass that says what `rotate` does.

    `pattern` is what the shipper is told to follow. Every line's path is ``/<log>/<generation>/<number>``; a generation
    is what one file holds until it is rotated. Without `garbage` every line can be found in Elasticsearch by its path.
    Where the pattern does not cover the rotated names, what was rotated away before the log was seen for the first time
    is older than the shipper and left alone, as docs/operations.md says: such a log is not `covered`, and rotates for
    the first time only once some of it is shipped. From then on it rotates whether anybody looks or not.
    """

    name = ""
    pattern = ""
    garbage = True
    covered = True

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.dice = random.Random(f"{writing.seed} {self.name}")
        self.folder = writing.folder / self.name
        self.folder.mkdir(parents=True)
        self.path = self.folder / "access.log"
        self.generation = 0
        self.number = 0
        self.counts: Counter[str] = Counter()
        self._journal = (writing.journals / self.name).open("wb")
        self.descriptor = self.open()

    def open(self) -> int:
        """Open the log anew, as a server does after a rotation."""
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def run(self) -> None:
        """Write and rotate until it is told to stop; once at least, however long Elasticsearch takes."""
        stop = self.writing.stop
        while not stop.is_set():
            ticks = int(self.writing.seconds / TICK_SECONDS * self.dice.uniform(0.4, 1.6)) + 1
            while not stop.is_set() and (ticks > 0 or not self._may_rotate()):
                ticks = ticks - 1 if ticks > 0 else _TICKS_PER_LOOK
                self.write(self.dice.randrange(int(self.writing.rate * TICK_SECONDS * 2) + 1))
                stop.wait(TICK_SECONDS)
            if not stop.is_set():
                self.rotate()
        if not self.counts["rotations"] and (self.covered or self.wait_shipped(self.prefix(), 1)):
            self.rotate()
        self.end()

    def _may_rotate(self) -> bool:
        return self.covered or self.generation > 0 or self.writing.shipped(self.prefix(), 1)

    def rotate(self) -> None:
        """Rotate the log, and begin the next generation."""
        raise NotImplementedError

    def end(self) -> None:
        """Finish what was begun."""
        os.close(self.descriptor)
        self._journal.close()

    def next_generation(self) -> None:
        """Number lines anew."""
        self.generation, self.number = self.generation + 1, 0
        self.counts["rotations"] += 1

    def prefix(self, generation: int | None = None) -> str:
        """Return how the paths of a generation begin."""
        return f"/{self.name}/{self.generation if generation is None else generation}/"

    def write(self, count: int, descriptor: int | None = None) -> None:
        """Write lines and note them; a few reach the file in pieces, as from a buffer that is full."""
        if not count:
            return
        # A file's first line is ordinary, so that its format can be told by it.
        lines = [self.line(hostile=self.number > 0) for _ in range(count)]
        data = b"".join(lines)
        self._note(data)
        target = self.descriptor if descriptor is None else descriptor
        cuts = sorted({0, len(data), *(self.dice.randrange(len(data)) for _ in range(self.dice.choice((0, 0, 1, 2))))})
        for start, end in pairwise(cuts):
            write_all(target, data[start:end])
            if end < len(data):
                self.writing.stop.wait(self.dice.uniform(0, 0.05))

    def line(self, *, hostile: bool) -> bytes:
        """Return the next line."""
        self.number += 1
        return make_line(f"{self.prefix()}{self.number}", self.dice, hostile=hostile, garbage=self.garbage)

    def _note(self, data: bytes) -> None:
        self.counts["lines"] += data.count(b"\n")
        self.counts["bytes"] += len(data)
        self._journal.write(data)
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def shift(self, suffix: str = "") -> None:
        """Make room for the next rotated file: ``access.log.1`` becomes ``access.log.2`` and so on."""
        numbers = sorted(
            (int(path.name.removeprefix("access.log.").removesuffix(suffix)) for path in self.rotated(suffix)),
            reverse=True,
        )
        for number in numbers:
            (self.folder / f"access.log.{number}{suffix}").rename(self.folder / f"access.log.{number + 1}{suffix}")

    def rotated(self, suffix: str = "") -> list[Path]:
        """Return the rotated files of a kind."""
        return [path for path in self.folder.glob(f"access.log.*{suffix}") if suffix or path.suffix[1:].isdecimal()]

    def wait_shipped(self, prefix: str, count: int) -> bool:
        """Wait until so many lines are in Elasticsearch; return False when the run ends before, or patience does.

        The end of the run is waited out where the log has not been rotated yet.
        """
        waited = 0
        while not self.writing.shipped(prefix, count):
            if self.writing.stop.wait(1.0):
                waited += 1
                if self.counts["rotations"] or waited > PATIENCE_SECONDS:
                    return False
                time.sleep(1.0)
        return True


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]

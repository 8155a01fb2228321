"""What `wwwatch train` learns from: an index, or log files; with a bar for each step that takes its time."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from core.errors import FormatError
from detector.feed import ChangeFeed
from detector.history import History, HistoryLearner
from detector.model import SessionModel
from wwwatch.bars import TerminalBars
from wwwatch.scan.inputs import Input, find_inputs
from wwwatch.scan.judging import PAGE
from wwwatch.scan.reading import Reader
from wwwatch.scan.rows import to_events

log = logging.getLogger(__name__)

MOST_EVENTS = 20_000_000
"""Of a longer history some of the clients are looked at, all their requests each."""


class Bars(TerminalBars):
    """A bar for each step of learning."""

    def __init__(self) -> None:
        super().__init__(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    def begin(self, description: str, total: int) -> Callable[[int], None]:
        """Show a step; return what is to be told how much was done since it was told last."""
        task = self._progress.add_task(description, total=total)
        return lambda done: self._progress.advance(task, done)


@dataclass(frozen=True, slots=True)
class Lessons:
    """How to learn.

    Attributes:
        model: Says which sessions are attacks.
        cache: The settings' cache folder: requests are put aside in a private folder below it, which is gone
            afterwards; where it cannot be written, in the system's folder for temporary files.
        bars: Show how far it is.
    """

    model: SessionModel
    cache: Path
    bars: Bars

    def from_index(self, feed: ChangeFeed, since: datetime) -> History:
        """Learn from an index's events.

        Args:
            feed: The index; closed afterwards.
            since: Where the period begins.

        Raises:
            StoreError: Elasticsearch refused or did not answer.
        """
        total = feed.count(since)
        tell = self.bars.begin("reading history", total)
        with closing(feed), self._learner(min(1.0, MOST_EVENTS / max(total, 1))) as learner:
            for events in feed.read_back(feed.now(), since):
                learner.add(events)
                tell(events.height)
            return learner.learn(self.model, self.bars.begin("learning", learner.events))

    def from_logs(self, names: Sequence[str], reader: Reader, since: datetime | None) -> History:
        """Learn from log files, one after the other: memory holds the largest of them, some 50 bytes a request.

        A file that holds nothing to learn from, as a log that was just rotated, is passed over with a warning.

        Args:
            names: Files, patterns and folders; ``-`` is standard input.
            reader: Reads them.
            since: Where the period begins; None for all.

        Raises:
            FormatError: There is no such file, or in no file a line that parses.
        """
        with ExitStack() as stack:
            inputs = find_inputs(names, stack)
            tell = self.bars.begin("reading bytes", sum(each.size for each in inputs))
            telling = replace(reader, progress=lambda size, _lines: tell(size))
            learner = stack.enter_context(self._learner(1.0))
            for each in inputs:
                for piece in _pieces(telling, each, is_only=len(inputs) == 1):
                    for begin in range(0, piece.height, PAGE):
                        events = to_events(piece[begin : begin + PAGE])
                        learner.add(events.filter(pl.col("time") >= since) if since else events)
            if not learner.events and len(inputs) > 1:
                raise FormatError("there is nothing to learn from in these files", "see the warnings above, and --days")
            return learner.learn(self.model, self.bars.begin("learning", learner.events))

    @contextmanager
    def _learner(self, share: float) -> Iterator[HistoryLearner]:
        with self._folder() as name:
            yield HistoryLearner(Path(name), share)

    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(prefix="train-", dir=self.cache)
        except OSError:
            return tempfile.TemporaryDirectory(prefix="wwwatch-train-")


def _pieces(reader: Reader, item: Input, *, is_only: bool) -> list[pl.DataFrame]:
    try:
        return reader.read([item]).take_pieces()
    except FormatError as error:
        if is_only:
            raise
        log.warning("%s", error.what)
        return []

"""The progress bar of a scan, on stderr and only at a terminal."""

from collections.abc import Callable

from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn

from wwwatch.bars import TerminalBars


class ScanBar(TerminalBars):
    """One bar for each step that takes its time."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
        )
        self._judging: TaskID | None = None

    def reading(self, size: int) -> Callable[[int, int], None]:
        """Begin with reading.

        Args:
            size: Bytes on disk.

        Returns:
            What is to be told of bytes and lines that were read.
        """
        task, lines = self._progress.add_task("reading", total=size, told="", start=False), 0

        def tell(more_bytes: int, more_lines: int) -> None:
            nonlocal lines
            lines += more_lines
            self._progress.start_task(task)
            speed = lines / (self._progress.tasks[task].elapsed or 1.0)
            self._progress.update(task, advance=more_bytes, told=f"{lines:,} lines, {speed:,.0f}/s")

        return tell

    def judging(self, done: int, total: int) -> None:
        """Show how many requests of how many were judged since it was told last."""
        if self._judging is None:
            self._judging = self._progress.add_task("judging", total=total, told=f"{total:,} requests")
        self._progress.update(self._judging, advance=done)

"""The progress bar of a scan, on stderr and only at a terminal."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class ScanBar:
    """One bar for each step that takes its time."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<9}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._judging: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, description: str) -> None:
        """Show a step of unknown length."""
        self._progress.add_task(description, total=None, told="")

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

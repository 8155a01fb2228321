"""Progress bars on stderr, and only at a terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn


class TerminalBars:
    """Bars that are gone when the work is done.

    Args:
        columns: What each bar shows.
    """

    def __init__(self, *columns: ProgressColumn) -> None:
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

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

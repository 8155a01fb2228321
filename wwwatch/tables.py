"""How tables are printed: to a terminal's width there, and unfolded where a program or a file reads them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.clock import iso_millis
from core.text import printable

_WIDE = 200


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    _console().print(table)


def print_rows(headings: Sequence[str], rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Print rows of short cells, each with sentences below it, so that long words fold no column into a thread.

    Args:
        headings: Of the cells.
        rows: Cells, and the lines below them; empty lines are left out.
    """
    texts = [[printable(cell) for cell in cells] for cells, _ in rows]
    widths = [max(map(len, column)) for column in zip(headings, *texts, strict=True)]
    console = _console()

    def line(cells: Sequence[str]) -> Text:
        return Text("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())

    console.print(line(headings), style="bold", highlight=False)
    for cells, (_, below) in zip(texts, rows, strict=True):
        console.print(line(cells), highlight=False)
        for each in filter(None, below):
            console.print(Padding(Text(printable(each), style="dim"), (0, 0, 0, 4), expand=False), highlight=False)


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was, e.g. ``3 s ago``; ``never`` for None."""
    if moment is None:
        return "never"
    seconds = max(timedelta(), now - moment).total_seconds()
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < size * most:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds // 86_400:.0f} d ago"


def clock_time(moment: datetime) -> str:
    """Return a time for people, in UTC, e.g. ``2026-03-14 02:15:07``."""
    return iso_millis(moment)[:19].replace("T", " ")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)

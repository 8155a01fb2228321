"""How tables are printed: to a terminal's width there, and unfolded where a program or a file reads them."""

from rich.console import Console
from rich.table import Table

_WIDE = 200


def print_table(table: Table) -> None:
    """Print a table to stdout."""
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)

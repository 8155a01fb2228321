"""The last result in docs/detection.md, between markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import EvaluationError
from wwwatch.evaluation.tables import Table, build_tables

BEGIN, END = "<!-- result: begin -->", "<!-- result: end -->"


def write_result(path: Path, report: dict[str, Any]) -> None:
    """Put the tables of a report into a page, in place of those of the last one.

    Raises:
        EvaluationError: The page has no place for them, or cannot be written.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error.strerror}", "name docs/detection.md") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise EvaluationError(f"{path} has no place for the result", f"write {BEGIN} and {END} into it")
    path.write_text(f"{before}{BEGIN}\n{render_markdown(report)}\n{END}{after}", "utf-8")


def render_markdown(report: dict[str, Any]) -> str:
    """Return the tables of a report in Markdown."""
    made = (
        f"Measured {report['created'][:10]} with version {report['version']}, model `{report['model']['digest'][:12]}`."
    )
    return "\n\n".join([made, *(_markdown(table) for table in build_tables(report))])


def _markdown(table: Table) -> str:
    lines = [f"### {table.title}", ""]
    if table.note:
        lines += [table.note, ""]
    lines += [_row(table.columns), _row(["---"] * len(table.columns)), *(_row(row) for row in table.rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    # Names come from folders and labels, which others wrote: they must not end the cell or become HTML.
    safe = (cell.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(safe)} |"

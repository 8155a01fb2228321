"""Log lines become typed columns, named after their ECS fields."""

import polars as pl

from core import fields
from enrich.capture import IS_EVENT, capture
from enrich.entry import IS_COMMENT, Format
from enrich.reading import read_slot
from enrich.slots import SLOTS, TYPES, find_slots

_CORE = (
    *("time", "address", "user", "method", "url", "domain", "version"),
    *("status", "bytes", "referrer", "user_agent"),
)
SCHEMA: dict[str, pl.DataType] = {
    fields.EVENT_ORIGINAL: pl.String(),
    **{SLOTS[name][0].field: TYPES[SLOTS[name][0].reading] for name in _CORE},
    fields.ERROR_MESSAGE: pl.String(),
}
"""The columns that `parse`'s frame has in every format, in order."""


def parse(lines: pl.Series, entry: Format) -> pl.DataFrame:
    r"""Parse log lines; nothing in them makes this fail.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format, from `find_format` or `detect_format`.

    Returns:
        One row per line, in order, with the columns of `SCHEMA` and one for each further field of the format's slots.
        `@timestamp` is UTC in microseconds, the method in capitals, the URL as requested. What the server wrote as
        ``-`` is null. Escapes such as ``\x22`` stay. A request that is none keeps its text in `url.original` alone.
        `error.message` says why a line does not parse; it quotes nothing. Formats with header lines have the Boolean
        column `is_comment` besides: such a line holds no event.
    """
    captured = capture(lines, entry)
    known = [name for name in (IS_EVENT, IS_COMMENT) if name in captured.columns]
    values = _values([name for name in captured.columns if name not in known], entry)
    typed = captured.select(lines.alias(fields.EVENT_ORIGINAL), *known, *values)
    absent = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in typed.columns]
    complete = typed.with_columns(absent).with_columns(_error(entry, is_commented=IS_COMMENT in known))
    further = [name for name in complete.columns if name not in SCHEMA and name != IS_EVENT]
    return complete.select(*SCHEMA, *further)


def _values(names: list[str], entry: Format) -> list[pl.Expr]:
    """Return a column per field; of several slots that become one field, the first with a value counts."""
    columns: dict[str, list[pl.Expr]] = {}
    for name in names:
        for slot in find_slots(name, entry.slots):
            columns.setdefault(slot.field, []).append(read_slot(pl.col(name), slot, entry.zone))
    return [values[0] if len(values) == 1 else pl.coalesce(values).alias(field) for field, values in columns.items()]


def _error(entry: Format, *, is_commented: bool) -> pl.Expr:
    misfit = pl.col(IS_EVENT).not_()
    if is_commented:
        misfit &= pl.col(IS_COMMENT).not_()
    return (
        pl.when(misfit)
        .then(pl.lit(f"the line does not fit the format {entry.name}"))
        .when(pl.col(fields.TIMESTAMP).is_null() & pl.col(IS_EVENT))
        .then(pl.lit("the line's time does not exist"))
        .alias(fields.ERROR_MESSAGE)
    )

"""Log lines become typed columns, named after their ECS fields."""

import polars as pl

from core import fields
from enrich.capture import capture
from enrich.formats import Format
from enrich.slots import SLOTS, TYPES, find_slot, read_slot

_CORE = (
    *("time", "address", "user", "method", "url", "domain", "version"),
    *("status", "bytes", "referrer", "user_agent"),
)
SCHEMA: dict[str, pl.DataType] = {
    fields.EVENT_ORIGINAL: pl.String(),
    **{SLOTS[name].field: TYPES[SLOTS[name].reading] for name in _CORE},
    fields.ERROR_MESSAGE: pl.String(),
}
"""The columns that `parse`'s frame has in every format, in order."""


def parse(lines: pl.Series, entry: Format) -> pl.DataFrame:
    r"""Parse log lines; nothing in them makes this fail.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format, from `find_format` or `detect_format`.

    Returns:
        One row per line, in order, with the columns of `SCHEMA` and one for each further slot of the format.
        `@timestamp` is UTC in microseconds, the method in capitals, the URL as requested. What the server wrote as
        ``-`` is null. Escapes such as ``\x22`` stay. A request that is none keeps its text in `url.original` alone.
        `error.message` says why a line does not parse; it quotes nothing.
    """
    captured = capture(lines, entry)
    slots = [name for name in captured.columns if name != "is_event"]
    typed = captured.select(lines.alias(fields.EVENT_ORIGINAL), "is_event", *(read_slot(name) for name in slots))
    absent = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in typed.columns]
    complete = typed.with_columns(absent).with_columns(_error(entry))
    further = [find_slot(name).field for name in slots if find_slot(name).field not in SCHEMA]
    return complete.select(*SCHEMA, *further)


def _error(entry: Format) -> pl.Expr:
    return (
        pl.when(pl.col("is_event").not_())
        .then(pl.lit(f"the line does not fit the format {entry.name}"))
        .when(pl.col(fields.TIMESTAMP).is_null())
        .then(pl.lit("the line's time does not exist"))
        .alias(fields.ERROR_MESSAGE)
    )

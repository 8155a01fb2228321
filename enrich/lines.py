"""Log lines become typed columns, named after their ECS fields."""

import numpy as np
import polars as pl

from core import fields
from enrich.capture import IS_EVENT, capture
from enrich.entry import IS_COMMENT, Format
from enrich.reading import read_slot
from enrich.slots import FORWARDED_LIST, SLOTS, TYPES, find_slots
from enrich.tables import Events, Table, combine, encode

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

TIMES, CLIENTS, AGENTS, REQUESTS, ANSWERS = "times", "clients", "agents", "requests", "answers"
REFERRERS = "referrers"
_TABLES: dict[str, tuple[str, ...]] = {
    TIMES: (fields.TIMESTAMP,),
    CLIENTS: (fields.SOURCE_ADDRESS, FORWARDED_LIST),
    AGENTS: (fields.USER_AGENT,),
    REFERRERS: (fields.REFERRER,),
    "users": (fields.USER_NAME,),
    REQUESTS: (fields.METHOD, fields.URL_ORIGINAL, fields.HTTP_VERSION, fields.URL_DOMAIN),
    ANSWERS: (fields.STATUS,),
}
"""Which fields are read once per distinct text, or combination of texts, and where they are kept."""


def read_lines(lines: pl.Series, entry: Format) -> Events:
    r"""Parse log lines; nothing in them makes this fail.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format, from `find_format` or `detect_format`.

    Returns:
        The columns of `SCHEMA` and one for each further field of the format's slots, in tables where values repeat.
        `@timestamp` is UTC in microseconds, the method in capitals, the URL as requested. What the server wrote as
        ``-`` is null. Escapes such as ``\x22`` stay. A request that is none keeps its text in `url.original` alone.
        `error.message` says why a line does not parse; it quotes nothing. Formats with header lines have the Boolean
        column `is_comment` besides: such a line holds no event.
    """
    captured = capture(lines, entry)
    known = [name for name in (IS_EVENT, IS_COMMENT) if name in captured.columns]
    slots = {name: _table_of(name, entry) for name in captured.columns if name not in known}
    tables = _read_tables(captured, slots, entry)
    times = tables[TIMES]
    has_time = pl.Series(times.values[fields.TIMESTAMP].is_not_null().to_numpy()[times.codes], dtype=pl.Boolean)
    rest = _values([name for name, table in slots.items() if not table], entry)
    typed = captured.select(lines.alias(fields.EVENT_ORIGINAL), *known, has_time.alias("has_time"), *rest)
    held = {name for table in tables.values() for name in table.values.columns} | {fields.ERROR_MESSAGE}
    absent = [_nothing(name) for name in SCHEMA if name not in typed.columns and name not in held]
    complete = typed.with_columns(*absent, _error(entry, is_commented=IS_COMMENT in known))
    return Events(complete.drop(IS_EVENT, "has_time"), tables)


def parse(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Return what `read_lines` reads as one frame: a row per line, the columns of `SCHEMA` first."""
    frame = read_lines(lines, entry).frame()
    return frame.select(*SCHEMA, pl.exclude(*SCHEMA))


def _table_of(slot: str, entry: Format) -> str:
    held = {each.field for each in find_slots(slot, entry.slots)}
    return next((name for name, kept in _TABLES.items() if held.intersection(kept)), "")


def _read_tables(captured: pl.DataFrame, slots: dict[str, str], entry: Format) -> dict[str, Table]:
    """Read the slots of each table once per distinct text; a table without slots has one row without values."""
    texts = captured.select(name for name, table in slots.items() if table)
    codes = dict(zip(texts.columns, encode(texts), strict=True))
    tables = {}
    for table, kept in _TABLES.items():
        names = [name for name, its in slots.items() if its == table]
        if names:
            numbers, rows = combine([codes[name] for name in names])
            values = table_values(table, pl.DataFrame([texts[name] for name in names])[rows], entry)
        else:
            numbers = np.zeros(captured.height, np.uint32)
            absent = [_nothing(name) for name in kept if name in SCHEMA]
            values = pl.DataFrame({"nothing": [None]}).with_columns(absent).drop("nothing")
        tables[table] = Table(numbers, values)
    return tables


def table_values(table: str, texts: pl.DataFrame, entry: Format) -> pl.DataFrame:
    """Return the fields of one of the tables.

    Args:
        table: TIMES, CLIENTS and so on.
        texts: The texts of its slots, a row per distinct combination.
        entry: The format.
    """
    values = texts.select(_values(texts.columns, entry))
    kept = _TABLES[table]
    return values.with_columns(_nothing(name) for name in kept if name in SCHEMA and name not in values.columns)


def _nothing(field: str) -> pl.Expr:
    return pl.lit(None, SCHEMA[field]).alias(field)


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
        .when(pl.col("has_time").not_() & pl.col(IS_EVENT))
        .then(pl.lit("the line's time does not exist"))
        .alias(fields.ERROR_MESSAGE)
    )

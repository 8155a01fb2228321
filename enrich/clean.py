"""Clean lines of the combined format, read by their quotes alone: a third of the price of the regular expression.

Split at each quote, a clean line has a client, user and time, then the request, the answer, the referrer and the user
agent; each of these repeats, and is looked at once. What does not fit, an escaped quote for example, is for
`read_requests`: a line is clean only where both say the same of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from core import fields
from enrich.clf import combined
from enrich.enrichment import Enrichment
from enrich.entry import Format
from enrich.events import lean_tables
from enrich.lines import AGENTS, ANSWERS, CLIENTS, REFERRERS, REQUESTS, TIMES, table_values
from enrich.shapes import METHOD, QUOTED
from enrich.tables import Events, Table, combine, encode

_STRICT = combined("")[0]
_COLUMNS = ("head", "request", "answer", "referrer", "between", "user_agent", "rest")
_AS_WIDE = b'"' * (len(_COLUMNS) - 1) + b"\n"
"""A first line that tells the parser how many columns there are."""

_PARTS = {
    CLIENTS: ("client", r"^(?P<address>[^ \-][^ ]*)$"),
    TIMES: ("when", r"^[^ ]+ [^ ]+ \[(?P<time>[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+\-][0-9]{4})\] $"),
    REQUESTS: ("request", rf'^{METHOD} (?P<url>(?:[^ "\\]|\\.)+) HTTP/(?P<version>[0-9.]+)$'),
    ANSWERS: ("answer", r"^ (?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-) $"),
    REFERRERS: ("referrer", rf"^(?P<referrer>{QUOTED})$"),
    AGENTS: ("user_agent", rf"^(?P<user_agent>{QUOTED})$"),
}
"""The tables: the text that each is made of, and the part of `enrich.clf`'s strict pattern that takes it."""

_QUOTE, _LINE_FEED = b'"'[0], b"\n"[0]


@dataclass(frozen=True, slots=True)
class Clean:
    """What was read of some lines.

    Attributes:
        events: The clean lines, as `read_requests` returns them.
        is_clean: Which lines they are, shape (n lines,).
        ends: Where each line's line feed is, or would be, in the bytes, shape (n lines,).
    """

    events: Events
    is_clean: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.int64]


def is_quick(entry: Format) -> bool:
    """Say whether lines of a format can be clean: those of the plain combined format."""
    return bool(entry.patterns) and entry.patterns[0] == _STRICT and entry.header is None


def read_clean(data: bytes, entry: Format, enrichment: Enrichment) -> Clean | None:
    """Read the clean ones among log lines.

    Args:
        data: Lines of the log in UTF-8, ended by line feeds alone.
        entry: The format, one that `is_quick`.
        enrichment: Which proxies are trusted.

    Returns:
        None where the bytes are no such lines.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    try:
        texts = _split(data)
    except pl.exceptions.ComputeError:
        return None
    if texts.height != len(ends):
        return None
    # Without anything after it, a user agent's last quote may be missing.
    is_closed = np.frombuffer(data, np.uint8)[np.maximum(ends - 1, 0)] == _QUOTE
    is_clean = texts.select((pl.col("between") == " ").fill_null(value=False)).to_series().to_numpy()
    is_clean = is_clean & (is_closed | texts["rest"].is_not_null().to_numpy())
    tables = {}
    codes = encode(texts.select(text for text, _ in _PARTS.values()))
    for (table, (text, pattern)), numbers in zip(_PARTS.items(), codes, strict=True):
        rows, first = combine([numbers])
        captured = texts[text].gather(first).to_frame().select(pl.col(text).str.extract_groups(pattern)).unnest(text)
        values = table_values(table, captured, entry)
        fits = captured.to_series().is_not_null()
        if table == TIMES:
            fits &= values[fields.TIMESTAMP].is_not_null()
        if not fits.all():
            is_clean &= fits.to_numpy()[rows]
        tables[table] = Table(rows, values)
    nothing = pl.Series(fields.ERROR_MESSAGE, [None], pl.String).new_from_index(0, len(ends))
    events = Events(nothing.to_frame(), lean_tables(tables, enrichment))
    return Clean(events if is_clean.all() else events.filter(pl.Series(is_clean)), is_clean, ends)


def _split(data: bytes) -> pl.DataFrame:
    """Return the text of each of _PARTS, and `between` and `rest`, a row per line; what is empty is null."""
    pieces = pl.read_csv(
        _AS_WIDE + data,
        separator='"',
        quote_char=None,
        has_header=False,
        schema=dict.fromkeys(_COLUMNS, pl.String),
        extra_columns="ignore",
        truncate_ragged_lines=True,
    )[1:]
    head = pl.col("head").str.splitn(" ", 2)
    return pieces.select(
        head.struct.field("field_0").alias("client"),
        head.struct.field("field_1").alias("when"),
        "request",
        "answer",
        pl.col("referrer").fill_null(""),
        "between",
        "user_agent",
        "rest",
    )

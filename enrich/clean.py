"""Clean lines of the combined format, read by their quotes alone: a third of the price of the regular expression.

Split at each quote, a clean line has a client, user and time, then the request, the answer, the referrer and the user
agent; each of these repeats, and is looked at once. What does not fit, an escaped quote for example, is for
`read_requests`: a line is clean only where both say the same of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from core import fields
from enrich.clf import combined
from enrich.enrichment import Enrichment
from enrich.entry import Format
from enrich.events import lean_tables
from enrich.lines import AGENTS, ANSWERS, CLIENTS, REFERRERS, REQUESTS, TIMES, table_values
from enrich.memo import Memo
from enrich.moments import PLAIN, Moments
from enrich.pieces import Numbers
from enrich.shapes import METHOD, QUOTED
from enrich.tables import Table

_STRICT = combined("")[0]
_COLUMNS = ("head", "request", "answer", "referrer", "between", "user_agent", "rest")
_AS_WIDE = b'"' * (len(_COLUMNS) - 1) + b"\n"
"""A first line that tells the parser how many columns there are, where the log's own does not."""

_PARTS = {
    CLIENTS: ("client", r"^(?P<address>[^ \-][^ ]*)$"),
    TIMES: ("when", r"^[^ ]+ [^ ]+ \[(?P<time>[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+\-][0-9]{4})\] $"),
    REQUESTS: ("request", rf'^{METHOD} (?P<url>(?:[^ "\\]|\\.)+) HTTP/(?P<version>[0-9.]+)$'),
    ANSWERS: ("answer", r"^ (?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-) $"),
    REFERRERS: ("referrer", rf"^(?P<referrer>{QUOTED})$"),
    AGENTS: ("user_agent", rf"^(?P<user_agent>{QUOTED})$"),
}
"""The tables: the text that each is made of, and the part of `enrich.clf`'s strict pattern that takes it."""

_CODED = (REQUESTS, ANSWERS, REFERRERS, AGENTS)
"""Tables whose texts the parser numbers right away."""

_FITS, _NUMBER = "fits", "_number"
_NEAR = 1 << 18
"""Bytes that are looked at at once: a multiple of 8, and so few that they stay near the processor."""

_NO_BITS = np.zeros(0, np.uint8)
_NOBODY = np.zeros(0, np.uint32)
_PLACE_OF_BIT = np.array([value.bit_length() - 1 for value in range(256)], np.int64)

_MOST = 60_000
_MOST_BYTES = 15_000_000
"""Texts of a table that are known at a time, and their size."""

_QUOTE, _LINE_FEED = b'"'[0], b"\n"[0]

Finish = Callable[[str, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Clean:
    """What was read of some lines.

    Attributes:
        tables: Of the clean lines, as `read_requests` returns them, finished, and the column `fits` besides.
        is_clean: Which lines they are, shape (n lines,).
        ends: Where each line's line feed is, or would be, in the bytes, shape (n lines,).
    """

    tables: Mapping[str, Table]
    is_clean: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.int64]


def is_quick(entry: Format) -> bool:
    """Say whether lines of a format can be clean: those of the plain combined format."""
    return bool(entry.patterns) and entry.patterns[0] == _STRICT and entry.header is None


class CleanReader:
    """Reads the clean ones among log lines; what a text tells is kept for the lines that follow. For one thread.

    Args:
        entry: The format, one that `is_quick`.
        enrichment: Which proxies are trusted.
        finish: From a table's name and new rows of it, as `read_requests` returns them, to what is kept of them.
    """

    def __init__(self, entry: Format, enrichment: Enrichment, finish: Finish = lambda _table, values: values) -> None:
        self.entry, self._enrichment, self._finish = entry, enrichment, finish
        self._memos = {
            table: Memo(partial(self._read, table), _MOST, _MOST_BYTES) for table in _PARTS if table != TIMES
        }
        self._moments = Moments(lambda texts: self._read(TIMES, texts)[fields.TIMESTAMP])

    def read(self, data: bytes) -> Clean | None:
        """Read lines.

        Args:
            data: Lines of the log in UTF-8, ended by line feeds alone.

        Returns:
            None where the bytes are no such lines.
        """
        ends = find_ends(data)
        try:
            texts = self._split(data)
        except pl.exceptions.ComputeError:
            return None
        if texts.height != len(ends):
            return None
        # Without anything after it, a user agent's last quote may be missing.
        is_clean = np.frombuffer(data, np.uint8)[np.maximum(ends - 1, 0)] == _QUOTE
        if texts["rest"].null_count() < len(ends):
            is_clean |= texts["rest"].is_not_null().to_numpy()
        is_clean &= texts["is_apart"].to_numpy()
        clients, times = self._read_heads(data, texts["head"], np.append(0, ends[:-1] + 1))
        codes = {table: self._look_up(table, texts, is_clean) for table in _CODED}
        codes[CLIENTS] = self._look_up(CLIENTS, clients, is_clean)
        codes[TIMES] = np.arange(len(ends), dtype=np.uint32)
        if times.null_count():
            is_clean &= times.is_not_null().to_numpy()
        if not is_clean.all():
            codes = {table: numbers[is_clean] for table, numbers in codes.items()}
        values = {table: memo.table for table, memo in self._memos.items()}
        values[TIMES] = times.alias(fields.TIMESTAMP).to_frame()
        return Clean({table: Table(codes[table], values[table]) for table in codes}, is_clean, ends)

    def _look_up(self, table: str, texts: pl.DataFrame, is_clean: npt.NDArray[np.bool_]) -> Numbers:
        """Return each text's row in a table; those that do not fit are struck out of `is_clean`."""
        memo, name = self._memos[table], _PARTS[table][0]
        coded, numbers = texts[name], texts[name + _NUMBER]
        if coded.null_count():
            if table != REFERRERS:
                is_clean &= coded.is_not_null().to_numpy()
            coded = coded.fill_null("")
            numbers = coded.to_physical()
        rows = memo.places(coded, numbers)
        if not memo.table[_FITS].all():
            is_clean &= memo.table[_FITS].to_numpy()[rows]
        return rows

    def _read(self, table: str, texts: pl.Series) -> pl.DataFrame:
        """Return what texts of a table tell, and whether they fit."""
        captured = texts.alias("text").to_frame().select(pl.col("text").str.extract_groups(_PARTS[table][1]))
        fits = captured.to_series().struct.field(captured.to_series().struct.fields[0]).is_not_null().alias(_FITS)
        values = {table: Table(_NOBODY, table_values(table, captured.unnest("text"), self.entry))}
        return self._finish(table, lean_tables(values, self._enrichment)[table].values).with_columns(fits)

    def _read_heads(
        self, data: bytes, heads: pl.Series, starts: npt.NDArray[np.int64]
    ) -> tuple[pl.DataFrame, pl.Series]:
        """Return each line's client, as `_split` returns texts, and its time."""
        is_plain, times = self._moments.read(data, heads, starts)
        clients = heads.str.head(-PLAIN)
        if not is_plain.all():
            others = np.flatnonzero(~is_plain)
            clients = clients.scatter(others, heads.gather(others).str.splitn(" ", 2).struct.field("field_0"))
        coded = clients.alias("client").cast(self._memos[CLIENTS].next_kind())
        return pl.DataFrame([coded, coded.to_physical().alias("client" + _NUMBER)]), times

    def _split(self, data: bytes) -> pl.DataFrame:
        """Return the texts of each line: what is empty is null; beside a text of `_CODED` stands its number."""
        kinds = {_PARTS[table][0]: self._memos[table].next_kind() for table in _CODED}
        is_narrow = data.count(_QUOTE, 0, data.find(b"\n")) < len(_COLUMNS) - 1
        pieces = pl.read_csv(
            _AS_WIDE + data if is_narrow else data,
            separator='"',
            quote_char=None,
            has_header=False,
            schema={name: kinds.get(name, pl.String()) for name in _COLUMNS},
            extra_columns="ignore",
            truncate_ragged_lines=True,
        )[is_narrow:]
        coded = [_PARTS[table][0] for table in _CODED]
        return pieces.select(
            "head",
            *coded,
            *(pl.col(name).to_physical().alias(name + _NUMBER) for name in coded),
            (pl.col("between") == " ").fill_null(value=False).alias("is_apart"),
            "rest",
        )


def find_ends(data: bytes) -> npt.NDArray[np.int64]:
    """Return where each line feed is, and the end of a last line without one."""
    text = np.frombuffer(data, np.uint8)
    parts = (text[begin : begin + _NEAR] == _LINE_FEED for begin in range(0, len(text), _NEAR))
    bits = np.concatenate([_NO_BITS, *(np.packbits(part, bitorder="little") for part in parts)])
    filled = np.flatnonzero(bits != 0)
    found = bits[filled]
    has_short = (found & (found - 1)).any()  # lines so short that two end among the eight bits of a byte
    ends = np.flatnonzero(text == _LINE_FEED) if has_short else filled * 8 + _PLACE_OF_BIT[found]
    return ends if data.endswith(b"\n") else np.append(ends, len(data))

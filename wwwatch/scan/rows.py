"""The requests of a log in memory: each distinct text once, and numbers for the rest; some 50 bytes a request."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from core import fields
from detector.events import EVENT_SCHEMA, with_clients, with_paths
from detector.texts import distinct_codes
from enrich import Clean, Events
from enrich.lines import AGENTS, ANSWERS, CLIENTS, REFERRERS, REQUESTS, TIMES

TEXTS = {
    "address": (CLIENTS, fields.SOURCE_ADDRESS),
    "user_agent": (AGENTS, fields.USER_AGENT),
    "method": (REQUESTS, fields.METHOD),
    "url": (REQUESTS, fields.URL_ORIGINAL),
    "domain": (REQUESTS, fields.URL_DOMAIN),
    "referrer": (REFERRERS, fields.REFERRER),
}
"""Columns of the event frame that hold text, and where a parsed line has them."""

_HELD = {*TEXTS, "status", "bytes", fields.TIMESTAMP}


@dataclass(slots=True)
class Dictionary:
    """The distinct texts of each column; pieces of a log that share one can be put together as they are."""

    kinds: dict[str, pl.Categorical] = field(
        default_factory=lambda: {name: pl.Categorical(pl.Categories.random()) for name in TEXTS}
    )
    anchors: list[pl.Series] = field(default_factory=list)

    def __post_init__(self) -> None:
        # polars forgets a kind's texts when its last series is gone: these stay.
        self.anchors = [pl.Series(dtype=kind) for kind in self.kinds.values()]

    def compact(self, events: Events, positions: pl.Series) -> pl.DataFrame:
        """Return parsed lines as compact rows; lines without a time or client are left out.

        Args:
            events: From `read_requests`.
            positions: Where each line begins, counted over all files.

        Returns:
            `time`, the columns of TEXTS (categorical), `status`, `bytes` and `position`.
        """
        columns = [self._text(name, events) for name in TEXTS]
        times, answers = events.tables[TIMES], events.tables[ANSWERS]
        frame = pl.DataFrame(
            [
                times.values[fields.TIMESTAMP].gather(times.codes).alias("time"),
                *columns,
                answers.values[fields.STATUS].cast(pl.Int16, strict=False).gather(answers.codes).alias("status"),
                events.column(fields.BODY_BYTES).alias("bytes"),
                positions.alias("position"),
            ]
        )
        return frame.drop_nulls(["time", "address"])

    def finish(self, table: str, values: pl.DataFrame) -> pl.DataFrame:
        """Return what rows hold of a table of `read_requests`: all but its time and position."""
        texts = [
            values[column].cast(self.kinds[name]).alias(name)
            for name, (held_in, column) in TEXTS.items()
            if held_in == table
        ]
        if table == ANSWERS:
            status = values[fields.STATUS].cast(pl.Int16, strict=False).alias("status")
            return pl.DataFrame([status, values[fields.BODY_BYTES].alias("bytes")])
        return pl.DataFrame(texts) if texts else values

    def compact_clean(self, clean: Clean, positions: pl.Series) -> pl.DataFrame:
        """Return clean lines as `compact` does.

        Args:
            clean: Its tables are finished by `finish`.
            positions: Where each clean line begins, counted over all files.
        """
        columns: dict[str, pl.Series] = {}
        for table in clean.tables.values():
            held = [column for column in table.values if column.name in _HELD]
            columns |= {column.name: column for column in pl.DataFrame(held)[table.codes]}
        columns["time"] = columns.pop(fields.TIMESTAMP).alias("time")
        columns["position"] = positions.alias("position")
        frame = pl.DataFrame([columns[name] for name in ("time", *TEXTS, "status", "bytes", "position")])
        return frame.drop_nulls(["address"]) if frame["address"].null_count() else frame

    def _text(self, name: str, events: Events) -> pl.Series:
        table, column = TEXTS[name]
        held = events.tables[table]
        source = held.values[column] if column in held.values.columns else events.lines[column]
        coded = source.cast(self.kinds[name])
        return (coded.gather(held.codes) if column in held.values.columns else coded).alias(name)


def in_order(pieces: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, pl.Series]:
    """Put the pieces of a log together, and return the order of its requests in time, stable (UInt32)."""
    rows = pl.concat(pieces, rechunk=False)
    times = rows["time"].to_physical().to_numpy()
    if len(times) < 2 or bool((times[1:] >= times[:-1]).all()):  # noqa: PLR2004 - one request is in order
        return rows, pl.Series("order", np.arange(len(times), dtype=np.uint32))
    return rows, pl.Series("order", np.argsort(times, kind="stable").astype(np.uint32))


def to_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Return compact rows as the detector's events: EVENT_SCHEMA, and `position`."""
    columns = []
    for name in TEXTS:
        texts, places = distinct_codes(rows[name])
        table = texts.cast(pl.String).alias(name).to_frame()
        # What follows from a text is worked out once for each.
        wider = with_clients(table) if name == "address" else with_paths(table) if name == "url" else table
        columns += [column.gather(places) for column in wider]
    numbers = rows.select("time", "bytes", pl.col("status").cast(pl.Int64), "position")
    return numbers.hstack(columns).select(*EVENT_SCHEMA, "position")

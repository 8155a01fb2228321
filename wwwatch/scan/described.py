"""What the texts of a log tell, worked out once for the whole log: pages of it repeat what others said."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import (
    describe_agents,
    describe_clients,
    describe_domains,
    describe_methods,
    describe_paths,
    describe_referrers,
    describe_urls,
)
from detector.events import EVENT_SCHEMA, with_clients, with_paths
from detector.prepare import prepare
from enrich.signs import mark_header
from wwwatch.scan.rows import TEXTS

MOST = 500_000
"""Texts that are known at a time, some 100 MB: with more, nearly each is new anyway, and all are forgotten."""

_UNSEEN = np.iinfo(np.uint32).max


class _Known:
    """What is known of one column's texts, by their codes.

    Args:
        describe: Texts (null stands for itself) to a frame, row by row.
    """

    def __init__(self, describe: Callable[[pl.Series], pl.DataFrame]) -> None:
        self._describe = describe
        self._places = np.zeros(0, np.uint32)
        self._table: pl.DataFrame | None = None
        self._is_whole = False

    def describe_all(self, texts: pl.Series) -> None:
        """Describe all texts of a log, by their codes, where they are not too many: at once it costs least."""
        if len(texts) < MOST:
            self._table = self._describe(pl.concat([pl.Series(texts.name, [None], pl.String), texts])).rechunk()
            self._is_whole = True

    def look_up(self, coded: pl.Series) -> pl.DataFrame:
        """Return what is known of each row (categorical, always of one dictionary), shape (n,)."""
        codes = coded.to_physical().cast(pl.UInt32)
        if codes.null_count():
            codes = codes.fill_null(_UNSEEN)
        return self._found(coded, codes.to_numpy() + np.uint32(1))  # what is null comes around to 0

    def _found(self, coded: pl.Series, codes: NDArray[np.uint32]) -> pl.DataFrame:
        if self._is_whole:
            return self._gathered(codes)
        if self._table is not None and self._table.height > MOST:
            self._table, self._places = None, np.zeros(0, np.uint32)
        size = int(codes.max(initial=0)) + 1
        if size > len(self._places):
            more = np.full(max(size, 2 * len(self._places)) - len(self._places), _UNSEEN, np.uint32)
            self._places = np.concatenate([self._places, more])
        places = self._places[codes]
        fresh = np.flatnonzero(places == _UNSEEN)
        if self._table is None or len(fresh):
            self._add(coded, codes[fresh], fresh)
            places = self._places[codes]
        return self._gathered(places)

    def _gathered(self, places: NDArray[np.uint32]) -> pl.DataFrame:
        chosen = pl.Series(places)
        return pl.DataFrame() if self._table is None else self._table.select(pl.all().gather(chosen))

    def _add(self, coded: pl.Series, codes: NDArray[np.uint32], rows: NDArray[np.intp]) -> None:
        codes, first = np.unique(codes, return_index=True)
        found = self._describe(coded.gather(rows[first]).cast(pl.String))
        begin = 0 if self._table is None else self._table.height
        self._places[codes] = np.arange(begin, begin + len(codes), dtype=np.uint32)
        self._table = found if self._table is None else pl.concat([self._table, found], rechunk=True)


def _clients(texts: pl.Series) -> pl.DataFrame:
    frame = with_clients(texts.alias("address").to_frame())
    return frame.hstack(describe_clients(frame["client"]))


def _urls(texts: pl.Series) -> pl.DataFrame:
    filled = with_paths(texts.alias("url").to_frame()).fill_null("")
    return pl.concat([filled, describe_paths(filled["path"]), describe_urls(filled["url"])], how="horizontal")


def _agents(texts: pl.Series) -> pl.DataFrame:
    filled, marks = texts.alias("user_agent").fill_null(""), mark_header(texts).alias("agent_marks")
    return filled.to_frame().hstack(describe_agents(filled)).hstack([marks])


def _referrers(texts: pl.Series) -> pl.DataFrame:
    marks = mark_header(texts).alias("header_marks")
    return texts.alias("referrer").to_frame().hstack(describe_referrers(texts)).hstack([marks])


def _methods(texts: pl.Series) -> pl.DataFrame:
    filled = texts.alias("method").fill_null("")
    return filled.to_frame().hstack(describe_methods(filled))


def _domains(texts: pl.Series) -> pl.DataFrame:
    filled = texts.alias("domain").fill_null("")
    return filled.to_frame().hstack(describe_domains(filled))


def _texts(kind: pl.DataType) -> pl.Series:
    return kind.categories.to_series() if isinstance(kind, pl.Categorical) else pl.Series(dtype=pl.String)


class Preparer:
    """Makes prepared requests of compact rows, as `detector.window.make_ready` makes them of events.

    Args:
        rows: Compact rows of a log whose texts will be asked for, all of them; None: nobody knows which.
    """

    def __init__(self, rows: pl.DataFrame | None = None) -> None:
        own = {"address": _clients, "user_agent": _agents, "domain": _domains, "method": _methods}
        more = {"url": _urls, "referrer": _referrers}
        plain = {name: lambda texts, name=name: texts.alias(name).to_frame() for name in TEXTS}
        self._known = {name: _Known(describe) for name, describe in (plain | own | more).items()}
        if rows is None:
            return
        with ThreadPoolExecutor() as pool:
            texts = [_texts(rows[name].dtype).alias(name) for name in self._known]
            list(pool.map(_Known.describe_all, self._known.values(), texts))

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return prepared requests (output of `detector.prepare.prepare`, and `position`).

        Args:
            rows: Compact rows, always of the same log.
        """
        told = [column for name, known in self._known.items() for column in known.look_up(rows[name])]
        numbers = rows.select("time", "bytes", pl.col("status").cast(pl.Int64), "position")
        wide = numbers.hstack(told).with_columns(pl.col("header_marks") | pl.col("agent_marks")).drop("agent_marks")
        events = wide.select(*EVENT_SCHEMA, "position")
        return prepare(events, wide.drop(events.columns))

"""Batches: the documents of stretches of a file, each with the id that makes sending it again harmless."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import polars as pl

from core import fields
from enrich import Enrichment, Events, Format, Origin, Pieces, drop_comments, last_header, read_events, to_documents
from enrich.pieces import Rows
from shipper.identity import line_ids
from shipper.reader import MAX_LINE, Chunk


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents on their way.

    Attributes:
        ids: Their ids.
        requests: The two lines of a bulk request that create each of them.
    """

    ids: pl.Series
    requests: Pieces

    @classmethod
    def of(cls, ids: Sequence[str], documents: Sequence[str]) -> Self:
        """Return documents whose JSON is known already."""
        names = pl.Series("id", ids, dtype=pl.String)
        action = pl.concat_str(pl.lit('{"create":{"_id":"'), names, pl.lit('"}}\n'), pl.Series(documents), pl.lit("\n"))
        numbers = np.arange(len(names), dtype=np.uint32).reshape(-1, 1)
        return cls(names, Pieces(pl.select(action).to_series(), numbers))

    def __len__(self) -> int:
        return len(self.requests)

    def select(self, rows: Rows) -> Self:
        """Return some of them: by a mask, by row numbers, or a slice."""
        ids = self.ids[rows] if isinstance(rows, slice) else self.ids.gather(np.arange(len(self))[rows])
        return type(self)(ids, self.requests.select(rows))

    def without(self, ids: Collection[str]) -> Self:
        """Return those that have none of these ids."""
        return self.select(self.ids.is_in(list(ids)).not_().to_numpy()) if ids else self

    def body(self) -> bytes:
        """Return the body of a `_bulk` request that creates them."""
        return self.requests.body()

    def document(self, row: int) -> str:
        """Return the JSON of one of them."""
        return self.requests.text(row).split("\n", 2)[1]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once.

    Attributes:
        start: The stretch's first byte in the file.
        end: The byte after its last one.
        documents: A document per event, in the order of the lines.
        unparsed: How many lines the format does not fit.
        cut: How many were too long and are kept in part.
        skipped: How many hold no event, such as a W3C log's own header lines; there are no documents of them.
        header: The last of these that says how to read on.
    """

    start: int
    end: int
    documents: Documents
    unparsed: int
    cut: int
    skipped: int = 0
    header: str | None = None


def build_batches(
    chunk: Chunk, identity: str, entry: Format, origin: Origin, enrichment: Enrichment, *, lines: int
) -> list[Batch]:
    """Turn a stretch of a file into batches; the ids of the documents are ``<identity>-<offset>``.

    Args:
        chunk: The stretch.
        identity: The file's.
        entry: The format of its lines.
        origin: What all documents share.
        enrichment: What is known besides of what the lines hold.
        lines: So many of them go into a batch at most.
    """
    events = _mark_cut(read_events(chunk.lines, entry, enrichment), chunk)
    is_unparsed = events.lines[fields.ERROR_MESSAGE].is_not_null().to_numpy()
    events, is_event = drop_comments(events)
    offsets = chunk.offsets.filter(is_event)
    ids = line_ids(identity, offsets)
    documents = Documents(ids, to_documents(events, ids, offsets, origin))
    before = np.concatenate(([0], is_event.cum_sum()))
    is_cut, starts = chunk.is_cut.to_numpy(), [chunk.start, *chunk.offsets[lines::lines].to_list(), chunk.end]
    batches = []
    for number, (start, end) in enumerate(pairwise(starts)):
        part = slice(number * lines, min((number + 1) * lines, len(chunk.lines)))
        events_of = slice(int(before[part.start]), int(before[part.stop]))
        unparsed, cut = int(is_unparsed[part].sum()), int(is_cut[part].sum())
        skipped = part.stop - part.start - (events_of.stop - events_of.start)
        header = last_header(chunk.lines[part], entry)
        batches.append(Batch(start, end, documents.select(events_of), unparsed, cut, skipped, header))
    return batches


def _mark_cut(events: Events, chunk: Chunk) -> Events:
    if not chunk.is_cut.any():
        return events
    sentence = pl.lit(f"the line was longer than {MAX_LINE} bytes and is kept in part")
    reason = pl.when(chunk.is_cut).then(sentence).otherwise(fields.ERROR_MESSAGE).alias(fields.ERROR_MESSAGE)
    return Events(events.lines.with_columns(reason), events.tables)

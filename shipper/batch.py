"""A batch: the documents of a stretch of a file, each with the id that makes sending it again harmless."""

from dataclasses import dataclass

import polars as pl

from core import fields
from enrich import IS_COMMENT, Enrichment, Events, Format, Origin, last_header, read_events, to_documents
from shipper.reader import MAX_LINE, Chunk


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents on their way.

    Attributes:
        start: The stretch's first byte in the file.
        end: The byte after its last one.
        documents: The columns `id` and `request` (the action line and the document's JSON), a row per line, in order.
        unparsed: How many lines the format does not fit.
        cut: How many were too long and are kept in part.
        skipped: How many hold no event, such as a W3C log's own header lines; there are no documents of them.
        header: The last of these that says how to read on.
    """

    start: int
    end: int
    documents: pl.DataFrame
    unparsed: int
    cut: int
    skipped: int = 0
    header: str | None = None


def build_batch(chunk: Chunk, identity: str, entry: Format, origin: Origin, enrichment: Enrichment) -> Batch:
    """Turn a stretch of a file into documents; their ids are ``<identity>-<offset>``."""
    events = read_events(chunk.lines, entry, enrichment)
    unparsed = len(chunk.lines) - events.lines[fields.ERROR_MESSAGE].null_count()
    cut = int(chunk.is_cut.sum())
    if cut:
        sentence = pl.lit(f"the line was longer than {MAX_LINE} bytes and is kept in part")
        reason = pl.when(chunk.is_cut).then(sentence).otherwise(fields.ERROR_MESSAGE).alias(fields.ERROR_MESSAGE)
        events = Events(events.lines.with_columns(reason), events.tables)
    offsets, skipped = chunk.offsets, 0
    if IS_COMMENT in events.lines.columns:
        is_event = events.lines[IS_COMMENT].not_()
        events, offsets = events.filter(is_event), offsets.filter(is_event)
        events = Events(events.lines.drop(IS_COMMENT), events.tables)
        skipped = len(chunk.offsets) - len(offsets)
    ids = pl.select(pl.format("{}-{}", pl.lit(identity), offsets)).to_series()
    requests = to_documents(events, ids, offsets, origin).lines()
    documents = pl.DataFrame({"id": ids, "request": requests})
    return Batch(chunk.start, chunk.end, documents, unparsed, cut, skipped, last_header(chunk.lines, entry))


def bulk_body(documents: pl.DataFrame) -> bytes:
    """Return the body of a `_bulk` request that creates the documents."""
    # By way of Binary the text becomes bytes without being decoded and encoded again.
    return bytes(documents["request"].str.join("").cast(pl.Binary).item())


def document_of(request: str) -> str:
    """Return the document of a row's `request`: its JSON, without the action line."""
    return request.split("\n", 2)[1]

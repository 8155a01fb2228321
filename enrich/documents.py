"""Events become the JSON of the access event (docs/design.md, "The documents"), table by table.

Elasticsearch wants one text per event, and most of that text follows from values that repeat. So each table's part of a
document is written once per distinct value and then put together, line by line; no Python object exists per event. A
field without a value is left out, and so is an object without a field.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from core import fields
from core.clock import iso_millis
from core.documents import ACCESS_DATASET, ECS_VERSION
from enrich.objects import Source, write_objects
from enrich.pieces import Pieces, Stack
from enrich.tables import Events

_TIME_TEXT = "%Y-%m-%dT%H:%M:%S%.3fZ"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where lines come from and where they go: what all documents of a batch share.

    Attributes:
        path: The log file, as it was named.
        host: The machine's name.
        namespace: Last part of the data stream's name.
        created: When the lines were read; the `@timestamp` of what does not parse.
        version: The version of this program.
    """

    path: str
    host: str
    namespace: str
    created: datetime
    version: str


def to_documents(events: Events, ids: pl.Series, offsets: pl.Series, origin: Origin) -> Pieces:
    """Return each event as the two lines of a bulk request that create its document.

    Args:
        events: What `read_events` made of the lines.
        ids: The documents' ids; as many as lines.
        offsets: Where each line starts in its file, in bytes; as many as lines.
        origin: What the documents share.
    """
    lines = events.lines.with_columns(offsets.alias(fields.LOG_OFFSET))
    each = np.arange(lines.height, dtype=np.uint32)
    tables = [Source(_as_text(table.values, origin), table.codes) for table in events.tables.values()]
    stack = Stack(lines.height)
    stack.add_constant('{"create":{"_id":"')
    stack.add_column(each + stack.add_texts(ids))
    stack.add_constant('"}}\n')
    write_objects(stack, _constants(origin), [Source(lines, each), *tables])
    stack.add_constant("\n")
    return stack.pieces()


def _as_text(values: pl.DataFrame, origin: Origin) -> pl.DataFrame:
    if fields.TIMESTAMP not in values.columns:
        return values
    text = pl.col(fields.TIMESTAMP).dt.strftime(_TIME_TEXT).fill_null(iso_millis(origin.created))
    return values.with_columns(text)


def _constants(origin: Origin) -> dict[str, object]:
    read = iso_millis(origin.created)
    return {
        fields.EVENT_CREATED: read,
        fields.EVENT_INGESTED: read,
        "event.kind": "event",
        "event.category": ["web"],
        "event.type": ["access"],
        "event.dataset": ACCESS_DATASET,
        "event.module": "www",
        "data_stream.type": "logs",
        "data_stream.dataset": ACCESS_DATASET,
        "data_stream.namespace": origin.namespace,
        "ecs.version": ECS_VERSION,
        "host.name": origin.host,
        "agent.type": "wwwatch",
        "agent.version": origin.version,
        fields.LOG_PATH: origin.path,
    }

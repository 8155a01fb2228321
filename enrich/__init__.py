"""enrich: a raw log line becomes an ECS event; pure functions over polars frames, no network, no clock."""

from enrich.documents import Origin, to_documents
from enrich.events import Events, to_events
from enrich.formats import FORMATS, Format, detect_format, find_format
from enrich.lines import SCHEMA, parse

__all__ = [
    "FORMATS",
    "SCHEMA",
    "Events",
    "Format",
    "Origin",
    "detect_format",
    "find_format",
    "parse",
    "to_documents",
    "to_events",
]

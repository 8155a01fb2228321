"""enrich: a raw log line becomes an ECS event; pure functions over polars frames, no network, no clock."""

from enrich.clean import Clean, CleanReader, is_quick
from enrich.conf import Conf, read_conf
from enrich.detection import Detection, detect, detect_format
from enrich.directive import compile_directive
from enrich.documents import Origin, to_documents
from enrich.enrichment import Enrichment
from enrich.entry import IS_COMMENT, Format
from enrich.events import drop_comments, read_events, read_requests
from enrich.formats import FORMATS, find_format
from enrich.lines import SCHEMA, parse
from enrich.pieces import Pieces
from enrich.tables import Events
from enrich.w3c import last_header, resume

__all__ = [
    "FORMATS",
    "IS_COMMENT",
    "SCHEMA",
    "Clean",
    "CleanReader",
    "Conf",
    "Detection",
    "Enrichment",
    "Events",
    "Format",
    "Origin",
    "Pieces",
    "compile_directive",
    "detect",
    "detect_format",
    "drop_comments",
    "find_format",
    "is_quick",
    "last_header",
    "parse",
    "read_conf",
    "read_events",
    "read_requests",
    "resume",
    "to_documents",
]

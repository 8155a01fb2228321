"""Logs whose own header lines name their columns: W3C's extended format as IIS and CloudFront write it."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from enrich.entry import Format
from enrich.shapes import Hole, Part, Shape, shape_patterns
from enrich.slots import label

MAX_COLUMNS = 100
"""A header line that names more is none."""

IIS_NAMES = {
    "date": "date",
    "time": "clock",
    "s-sitename": "iis.access.site_name",
    "s-computername": "iis.access.server_name",
    "s-ip": "server_address",
    "s-port": "server_port",
    "cs-method": "method",
    "cs-uri-stem": "stem",
    "cs-uri-query": "args",
    "cs-username": "user",
    "c-ip": "address",
    "c-port": "port",
    "cs-version": "protocol",
    "cs(User-Agent)": "user_agent_plus",
    "cs(Cookie)": "iis.access.cookie",
    "cs(Referer)": "referrer",
    "cs-host": "domain",
    "sc-status": "status",
    "sc-substatus": "iis.access.sub_status",
    "sc-win32-status": "iis.access.win32_status",
    "sc-bytes": "bytes",
    "cs-bytes": "request_body_bytes",
    "time-taken": "millis",
    "X-Forwarded-For": "forwarded_plus",
    "x-forwarded-for": "forwarded_plus",
    "X-FORWARDED-FOR": "forwarded_plus",
    "cs(X-Forwarded-For)": "forwarded_plus",
}
"""Elastic's field for `sc-bytes` is the body's size, although IIS counts the headers as well."""

CLOUDFRONT_NAMES = {
    "date": "date",
    "time": "clock",
    "x-edge-location": "aws.cloudfront.edge_location",
    "sc-bytes": "response_bytes",
    "c-ip": "address",
    "cs-method": "method",
    "cs(Host)": "aws.cloudfront.domain",
    "cs-uri-stem": "stem",
    "sc-status": "status",
    "cs(Referer)": "referrer",
    "cs(User-Agent)": "user_agent_escaped",
    "cs-uri-query": "args",
    "cs(Cookie)": "aws.cloudfront.cookies",
    "x-edge-result-type": "aws.cloudfront.edge_result_type",
    "x-edge-request-id": "request_id",
    "x-host-header": "domain",
    "cs-protocol": "scheme",
    "cs-bytes": "request_bytes",
    "time-taken": "seconds",
    "x-forwarded-for": "forwarded_escaped",
    "ssl-protocol": "tls",
    "ssl-cipher": "tls.cipher",
    "x-edge-response-result-type": "aws.cloudfront.edge_response_result_type",
    "cs-protocol-version": "protocol",
    "fle-status": "aws.cloudfront.fle_status",
    "fle-encrypted-fields": "ignored",
    "c-port": "port",
    "time-to-first-byte": "aws.cloudfront.time_to_first_byte",
    "x-edge-detailed-result-type": "aws.cloudfront.edge_detailed_result_type",
    "sc-content-type": "mime_escaped",
    "sc-content-len": "aws.cloudfront.content_length",
    "sc-range-start": "aws.cloudfront.range_start",
    "sc-range-end": "aws.cloudfront.range_end",
}
"""In the order of CloudFront's standard log files."""

_IIS_7 = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus"
    " sc-win32-status time-taken"
)
_IIS_10 = _IIS_7.replace("cs(User-Agent)", "cs(User-Agent) cs(Referer)")
_IIS_ALL = (
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version"
    " cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)
IIS_GUESSES = (_IIS_10, f"{_IIS_10} X-Forwarded-For", _IIS_ALL, f"{_IIS_ALL} X-Forwarded-For", _IIS_7)
"""Columns of lines that no header line precedes: what IIS writes unless it is told otherwise."""


def resume(entry: Format, state: str | None) -> Format:
    """Return the format for lines that follow a header line.

    Args:
        entry: A format with a header.
        state: The last header line before them, from `last_header`; None where there was none.
    """
    if entry.header is None or state is None:
        return entry
    columns = state.removeprefix(entry.header.directive).split()
    return (
        read_columns(entry, (columns,)) if 0 < len(columns) <= MAX_COLUMNS else replace(entry, patterns=(), lenient=())
    )


def last_header(lines: pl.Series, entry: Format) -> str | None:
    """Return the last of the lines that names columns, to be given to `resume` for those that come after."""
    if entry.header is None:
        return None
    found = lines.filter(lines.str.starts_with(entry.header.directive).fill_null(value=False))
    return str(found[-1]) if len(found) else None


def read_columns(entry: Format, rows: tuple[list[str], ...]) -> Format:
    """Return the format for lines with these columns, one of several rows of them."""
    if entry.header is None:
        return entry
    named = [[(column, _slot(entry.header.names, column)) for column in columns] for columns in rows]
    shapes = [_shape([slot for _, slot in columns], entry.header.separator) for columns in named]
    patterns = shape_patterns(*shapes)
    # Tolerance would read a line with too many columns wrongly.
    strict = patterns.all[: patterns.strict]
    variables = tuple(dict.fromkeys(pair for columns in named for pair in columns))
    return replace(
        entry, patterns=strict, strict=len(strict), shapes=patterns.shapes, lenient=entry.patterns, variables=variables
    )


def _slot(names: Mapping[str, str], column: str) -> str:
    return names.get(column) or label(column)


def _shape(slots: list[str], separator: str) -> Shape:
    parts: list[Part] = []
    for slot in slots:
        parts += [separator, Hole("" if slot == "ignored" else slot)]
    last = slots[-1]
    return (*parts[1:-1], Hole("" if last == "ignored" else last, f"[^{separator}]*"))

"""From lines to the text of each slot: by regular expression, or out of JSON, as the format says."""

from collections.abc import Sequence

import polars as pl

from enrich.entry import IS_COMMENT, Format, group_names, is_comment
from enrich.json_lines import by_keys
from enrich.reading import present
from enrich.w3c import resume

IS_EVENT = "is_event"
SPLITS = {
    "request": r"^(?P<method>[A-Za-z][A-Za-z_\-]*) (?P<url>[^ ].*?)(?: HTTP/(?P<version>[0-9.]+))?$",
    "protocol": r"^(?:HTTP/)?(?P<version>[0-9.]+)$",
    "peer": r"^\[?(?P<address>[^\[\]:]*|[^\[\]]*?)\]?(?::(?P<port>[0-9]+))?$",
    "server_peer": r"^\[?(?P<server_address>[^\[\]:]*|[^\[\]]*?)\]?(?::(?P<server_port>[0-9]+))?$",
    "tls": r"^(?P<tls_protocol>[A-Za-z]+?)v?(?P<tls_version>[0-9.]+)$",
    "apache_tls": r"^(?P<tls_protocol>[A-Za-z]+?)v?(?P<tls_version>[0-9.]+)$",
    "elb_tls": r"^(?P<tls_protocol>[A-Za-z]+?)v?(?P<tls_version>[0-9.]+)$",
    "haproxy_request": r"^(?P<method>[A-Za-z][A-Za-z_\-]*) (?P<url>[^ ].*?)(?: HTTP/(?P<version>[0-9.]+))?$",
    "ingress_upstreams": r"(?P<ingress_upstream_ip>[^ ,\[\]]+|\[[^\]]*\]):(?P<ingress_upstream_port>[0-9]+)$",
    "elb_target": r"^\[?(?P<elb_backend_ip>[^\[\]]*)\]?:(?P<aws.elb.backend.port>[0-9]+)$",
    "forwarded_list": r"^(?P<forwarded>.*?),? *(?P<address>\[[^\] ]*\]|[^ ,:\]]+|[^ ,\]]+)(?::[0-9]+)?$",
}
"""Slots that hold several others, and how they fall apart."""

_KEPT = frozenset({"apache_tls", "elb_tls", "haproxy_request", "ingress_upstreams"})
"""Of these: slots that are fields as well."""

_JOINS = {"time_iso": ("date", "clock", " "), "url": ("stem", "args", "?")}
"""Slots that the log has in two columns."""

_GARBAGE = {"request": "url", "haproxy_request": "url"}
"""Where the text of a slot stays when it does not fall apart: a request that is none is kept as the URL."""


def capture(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Return a text column per slot of the format, and `is_event`: whether the line fits.

    Args:
        lines: Strings, one per log line.
        entry: The format. Where its header may come, the column `is_comment` says which lines hold no event.
    """
    if entry.header:
        captured = _by_header(lines, entry)
    else:
        captured = by_keys(lines, entry) if entry.keys else _by_pattern(lines, entry)
    for slot, pattern in SPLITS.items():
        if slot in captured.columns:
            captured = _split_where(captured, slot, pattern)
    for slot, (first, second, between) in _JOINS.items():
        if first in captured.columns:
            captured = _join(captured, slot, first, second, between)
    return captured


def _by_header(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Read each line with the columns that the last header line before it names."""
    comments = is_comment(lines, entry)
    if not comments.any():
        return _by_pattern(lines, entry).with_columns(comments)
    frame = pl.DataFrame([lines.alias("line"), comments])
    directive = pl.when(pl.col("line").str.starts_with(entry.header.directive if entry.header else "")).then("line")
    marked = frame.with_columns(directive.forward_fill().alias("directive")).with_row_index("row")
    parts = []
    for (state,), part in marked.partition_by("directive", as_dict=True).items():
        captured = _by_pattern(part["line"], resume(entry, str(state) if state is not None else None))
        parts.append(captured.with_columns(part["row"], part[IS_COMMENT]))
    together = pl.concat(parts, how="diagonal").sort("row").drop("row")
    return together.with_columns(pl.col(IS_EVENT) & pl.col(IS_COMMENT).not_())


def _by_pattern(lines: pl.Series, entry: Format) -> pl.DataFrame:
    if not (entry.patterns or entry.lenient):
        return pl.DataFrame([pl.Series(IS_EVENT, [False], pl.Boolean).new_from_index(0, len(lines))])
    strict, *tolerant = (*entry.patterns, *entry.lenient)
    frame = _groups(lines, strict, group_names(entry.patterns))
    for pattern in tolerant:
        missed = frame[IS_EVENT].not_()
        if not missed.any():
            break
        second = _groups(lines.filter(missed), pattern, frame.columns[1:])
        if not second[IS_EVENT].any():
            continue
        rows = missed.arg_true()
        new = [pl.lit(None, pl.String).alias(name) for name in second.columns if name not in frame.columns]
        frame = frame.with_columns(new)
        # A scatter per column keeps the order and touches only the rows that were missed.
        frame = frame.with_columns(frame[name].scatter(rows, second[name]) for name in second.columns)
    return frame


def _groups(lines: pl.Series, pattern: str, names: Sequence[str]) -> pl.DataFrame:
    groups = lines.alias("line").to_frame().select(pl.col("line").str.extract_groups(pattern).alias("groups"))
    frame = groups.unnest("groups")
    # Every pattern captures some group of every line it takes, if only as empty text.
    is_event = pl.any_horizontal(pl.col(frame.columns).is_not_null()).alias(IS_EVENT)
    absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in frame.columns]
    return frame.with_columns(is_event, *absent).select(IS_EVENT, *dict.fromkeys((*names, *frame.columns)))


def _split_where(frame: pl.DataFrame, slot: str, pattern: str) -> pl.DataFrame:
    """Split a slot in the lines that have it; in most logs these are few."""
    is_there = frame[slot].is_not_null()
    if is_there.all():
        return _split(frame, slot, pattern)
    names = [name for name in group_names((pattern,)) if name not in frame.columns]
    whole = frame.hstack([pl.Series(name, [None], pl.String).new_from_index(0, frame.height) for name in names])
    if is_there.any():
        rows, part = is_there.arg_true(), _split(whole.filter(is_there), slot, pattern)
        found = [name for name in group_names((pattern,)) if name in part.columns]
        whole = whole.with_columns(whole[name].scatter(rows, part[name]) for name in found)
    return whole if slot in _KEPT else whole.drop(slot)


def _split(frame: pl.DataFrame, slot: str, pattern: str) -> pl.DataFrame:
    parts = frame.select(pl.col(slot).str.extract_groups(pattern).alias("parts")).unnest("parts")
    kept = _GARBAGE.get(slot)
    if kept:
        garbage = pl.when(parts[kept].is_null()).then(present(pl.col(slot)))
        parts = parts.with_columns(frame.select(pl.coalesce(parts[kept], garbage).alias(kept)).to_series())
    known = [name for name in parts.columns if name in frame.columns]
    merged = frame.with_columns(pl.coalesce(pl.col(name), parts[name]).alias(name) for name in known)
    merged = merged.with_columns(parts.drop(known))
    return merged if slot in _KEPT else merged.drop(slot)


def _join(frame: pl.DataFrame, slot: str, first: str, second: str, between: str) -> pl.DataFrame:
    """Put a slot together that the log has in two columns; the second may be missing, the slot be there already."""
    if second not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(second))
    tail = pl.col(second).str.strip_prefix(between)
    joined = pl.concat_str(first, pl.lit(between) + tail)
    whole = pl.when(present(pl.col(second)).is_null()).then(pl.col(first)).otherwise(joined)
    known = [pl.col(slot)] if slot in frame.columns else []
    return frame.with_columns(pl.coalesce(*known, whole).alias(slot)).drop(first, second)

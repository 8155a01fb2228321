"""From lines to the text of each slot: by regular expression, out of JSON, or by separator, as the format says."""

import polars as pl

from enrich.formats import Format

SPLITS = {
    "request": r"^(?P<method>[A-Za-z][A-Za-z_\-]*) (?P<url>[^ ].*?)(?: HTTP/(?P<version>[0-9.]+))?$",
    "protocol": r"^(?:HTTP/)?(?P<version>[0-9.]+)$",
}
"""Slots that hold several others, and how they fall apart."""

_GARBAGE = {"request": "url"}
"""Where the text of a slot stays when it does not fall apart: a request that is none is kept as the URL."""


def capture(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Return a text column per slot of the format, and `is_event`: whether the line fits.

    Args:
        lines: Strings, one per log line.
        entry: The format.
    """
    captured = _by_pattern(lines, entry)
    for slot, pattern in SPLITS.items():
        if slot in captured.columns:
            captured = _split(captured, slot, pattern)
    return captured


def _by_pattern(lines: pl.Series, entry: Format) -> pl.DataFrame:
    strict, *tolerant = entry.patterns
    names = _group_names(entry)
    frame = _groups(lines, strict, names)
    for pattern in tolerant:
        missed = frame["is_event"].not_()
        if not missed.any():
            break
        second = _groups(lines.filter(missed), pattern, names)
        rows = missed.arg_true()
        # A scatter per column keeps the order and touches only the rows that were missed.
        frame = frame.with_columns(frame[name].scatter(rows, second[name]) for name in frame.columns)
    return frame


def _groups(lines: pl.Series, pattern: str, names: list[str]) -> pl.DataFrame:
    groups = lines.alias("line").to_frame().select(pl.col("line").str.extract_groups(pattern).alias("groups"))
    frame = groups.unnest("groups")
    # Every pattern captures some group of every line it takes, if only as empty text.
    is_event = pl.any_horizontal(pl.col(frame.columns).is_not_null()).alias("is_event")
    absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in frame.columns]
    return frame.with_columns(is_event, *absent).select("is_event", *names)


def _group_names(entry: Format) -> list[str]:
    frame = pl.DataFrame({"line": [""]})
    names = (frame.select(pl.col("line").str.extract_groups(each)).unnest("line").columns for each in entry.patterns)
    return list(dict.fromkeys(name for found in names for name in found))


def _split(frame: pl.DataFrame, slot: str, pattern: str) -> pl.DataFrame:
    parts = frame.select(pl.col(slot).str.extract_groups(pattern).alias("parts")).unnest("parts")
    kept = _GARBAGE.get(slot)
    if kept:
        garbage = pl.when(parts[kept].is_null() & pl.col(slot).is_in(["-", ""]).not_()).then(pl.col(slot))
        parts = parts.with_columns(frame.select(pl.coalesce(parts[kept], garbage).alias(kept)).to_series())
    known = [name for name in parts.columns if name in frame.columns]
    merged = frame.with_columns(pl.coalesce(pl.col(name), parts[name]).alias(name) for name in known)
    return merged.with_columns(parts.drop(known)).drop(slot)

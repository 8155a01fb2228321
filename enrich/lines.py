"""Log lines become typed columns: one regex pass over a batch, and a tolerant one over what it left."""

import polars as pl

from enrich.formats import REQUEST, Format

SCHEMA: dict[str, pl.DataType] = {
    "original": pl.String(),
    "time": pl.Datetime("us", "UTC"),
    "address": pl.String(),
    "ip": pl.String(),
    "user": pl.String(),
    "method": pl.String(),
    "url": pl.String(),
    "path": pl.String(),
    "query": pl.String(),
    "domain": pl.String(),
    "version": pl.String(),
    "status": pl.Int64(),
    "bytes": pl.Int64(),
    "referrer": pl.String(),
    "user_agent": pl.String(),
    "error": pl.String(),
}
"""The columns of `parse`'s frame, in order."""

_CAPTURED = (
    *("domain", "address", "user", "time", "method", "url", "version"),
    *("status", "bytes", "referrer", "user_agent", "request"),
)
_DASHED = ("domain", "user", "referrer", "user_agent")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H = "[0-9A-Fa-f]{1,4}"
_TAIL = rf"(?:{_H}:{_H}|{_IPV4})"
_IPV6 = "|".join(
    [
        rf"(?:{_H}:){{6}}{_TAIL}",
        *(rf"(?:(?:{_H}:){{0,{left}}}{_H})?::(?:{_H}:){{{4 - left}}}{_TAIL}" for left in range(5)),
        rf"(?:(?:{_H}:){{0,4}}{_H})?::{_TAIL}",
        rf"(?:(?:{_H}:){{0,5}}{_H})?::{_H}",
        rf"(?:(?:{_H}:){{0,6}}{_H})?::",
        rf"::(?:{_H}:){{5}}{_TAIL}",
    ]
)
_IP = rf"^(?:{_IPV4}|{_IPV6})$"
_ABSOLUTE = r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:[^/?@]*@)?(?P<host>\[[^\]/?]*\]|[^:/?]*)[^/?]*(?P<rest>.*)$"


def parse(lines: pl.Series, entry: Format) -> pl.DataFrame:
    r"""Parse log lines; nothing in them makes this fail.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format, from `find_format` or `detect_format`.

    Returns:
        One row per line, in order, with the columns of `SCHEMA`. `time` is UTC in microseconds, `bytes` the body's
        size, `method` in capitals, `ip` null where the address is a name, `url` as requested, `path` and `query` its
        parts before and after the first ``?``. What the server wrote as ``-`` is null. Escapes such as ``\x22`` stay.
        A request that is none keeps its text in `url` alone. `error` says why a line does not parse; it quotes nothing.
    """
    captured = _capture(lines.rename("original"), entry)
    typed = captured.with_columns(_typed()).with_columns(_address()).with_columns(_url_parts())
    return typed.with_columns(_errors(entry)).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _capture(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Return the text of each group; all null where no pattern takes the line."""
    strict, *tolerant = entry.patterns
    frame = _groups(lines.to_frame(), strict)
    for pattern in tolerant:
        missed = frame["address"].is_null()
        if not missed.any():
            break
        second = _groups(lines.filter(missed).to_frame(), pattern)
        rows = missed.arg_true()
        # A scatter per column keeps the order and touches only the rows that were missed.
        frame = frame.with_columns(frame[name].scatter(rows, second[name]) for name in _CAPTURED)
    return frame


def _groups(frame: pl.DataFrame, pattern: str) -> pl.DataFrame:
    groups = frame.select("original", pl.col("original").str.extract_groups(pattern).alias("groups")).unnest("groups")
    absent = [pl.lit(None, pl.String).alias(name) for name in _CAPTURED if name not in groups.columns]
    complete = groups.with_columns(absent)
    return _split_request(complete) if "request" in groups.columns else complete


def _split_request(frame: pl.DataFrame) -> pl.DataFrame:
    parts = frame.select(pl.col("request").str.extract_groups(REQUEST).alias("parts")).unnest("parts")
    garbage = pl.when(pl.col("request").is_in(["-", ""]).not_()).then(pl.col("request"))
    return frame.with_columns(parts).with_columns(pl.coalesce("url", garbage).alias("url"))


def _typed() -> list[pl.Expr]:
    dashed = [pl.when(pl.col(name).is_in(["-", ""]).not_()).then(pl.col(name)).alias(name) for name in _DASHED]
    return [
        *dashed,
        # Nearly all lines of a second share its text: the cache makes this a look-up.
        pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False, cache=True),
        pl.col("method").str.to_uppercase(),
        pl.col("status", "bytes").cast(pl.Int64, strict=False),
    ]


def _address() -> list[pl.Expr]:
    return [pl.when(pl.col("address").str.contains(_IP)).then(pl.col("address")).alias("ip")]


def _url_parts() -> list[pl.Expr]:
    """Path, query and domain; an absolute URL (a proxy's request) yields its own host."""
    parsed = pl.when(pl.col("method").is_not_null()).then(pl.col("url"))
    absolute = pl.when(parsed.str.starts_with("/").not_()).then(parsed).str.extract_groups(_ABSOLUTE)
    local = pl.coalesce(absolute.struct.field("rest"), parsed).str.splitn("?", 2)
    host = absolute.struct.field("host")
    path = local.struct.field("field_0")
    return [
        pl.when(path == "").then(pl.lit("/")).otherwise(path).alias("path"),
        local.struct.field("field_1").alias("query"),
        pl.coalesce(pl.when(host != "").then(host), "domain").alias("domain"),
    ]


def _errors(entry: Format) -> pl.Expr:
    return (
        pl.when(pl.col("address").is_null())
        .then(pl.lit(f"the line does not fit the format {entry.name}"))
        .when(pl.col("time").is_null())
        .then(pl.lit("the line's time does not exist"))
        .alias("error")
    )

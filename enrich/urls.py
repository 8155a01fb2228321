"""What a URL consists of, found out once for each distinct one."""

from urllib.parse import unquote_to_bytes

import polars as pl

from core import fields
from enrich.percent import BYTES, ESCAPES

IS_REQUEST = "is_request"
"""The column that says whether a line has a method: without one its URL is garbage."""

_ABSOLUTE = (
    r"(?s)^(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?:(?P<user>[^/?#@:]*)[^/?#]*@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^:/?#]*)(?P<behind>[^/?#]*)(?P<rest>[^#]*)(?:#(?P<fragment>.*))?$"
)
_PORT = r"^:([0-9]{1,5})$"
_EXTENSION = r"\.([A-Za-z0-9_\-]{1,16})$"


def url_parts(urls: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of URLs.

    Args:
        urls: Distinct rows of `url.original`, `url.domain` (the host that the server logged, or null) and `is_request`:
            without a method it is no URL but garbage, and has no parts.

    Returns:
        `url.original`, `url.domain` (an absolute URL, a proxy's request, yields its own host), `url.path` and
        `url.query` before and after the first ``?``, percent-decoded once as Elastic's `uri_parts` does, and
        `url.extension`; of an absolute one besides `url.scheme`, `url.port`, `url.username` and `url.fragment`. No
        URL fails: what cannot be decoded stays as it is.
    """
    parsed = pl.when(IS_REQUEST).then(pl.col(fields.URL_ORIGINAL))
    absolute = pl.when(parsed.str.starts_with("/").not_()).then(parsed).str.extract_groups(_ABSOLUTE)
    local = pl.coalesce(absolute.struct.field("rest"), parsed).str.splitn("?", 2)
    host, path = absolute.struct.field("host"), local.struct.field("field_0")
    parts = urls.select(
        fields.URL_ORIGINAL,
        pl.coalesce(pl.when(host != "").then(host), fields.URL_DOMAIN).alias(fields.URL_DOMAIN),
        pl.when(path == "").then(pl.lit("/")).otherwise(path).alias(fields.URL_PATH),
        local.struct.field("field_1").alias(fields.URL_QUERY),
        absolute.struct.field("scheme").str.to_lowercase().alias("url.scheme"),
        absolute.struct.field("behind").str.extract(_PORT).cast(pl.Int64, strict=False).alias("url.port"),
        absolute.struct.field("fragment").alias("url.fragment"),
        pl.when(absolute.struct.field("user") != "").then(absolute.struct.field("user")).alias("url.username"),
    )
    decoded = [_decode(parts[name]) for name in (fields.URL_PATH, fields.URL_QUERY)]
    extension = pl.col(fields.URL_PATH).str.extract(_EXTENSION).alias(fields.URL_EXTENSION)
    return parts.with_columns(decoded).with_columns(extension)


def _decode(texts: pl.Series) -> pl.Series:
    r"""Return texts percent-decoded once; bytes that are no UTF-8 show as ``\xNN``."""
    escaped = texts.str.contains("%", literal=True).fill_null(value=False)
    if not escaped.any():
        return texts
    rows, chosen = escaped.arg_true(), texts.filter(escaped)
    decoded = chosen.str.replace_many(ESCAPES, BYTES)
    # Each escape is now the character of its byte's number. Where all are ASCII that is the text; the others are few.
    wide = decoded.str.contains(r"[\x{80}-\x{ff}]")
    if wide.any():
        texts_wide = [_to_text(text) for text in chosen.filter(wide)]
        decoded = decoded.scatter(wide.arg_true(), pl.Series(texts_wide, dtype=pl.String))
    return texts.scatter(rows, decoded)


def _to_text(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "backslashreplace")

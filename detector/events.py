"""The event frame: the columns that the detector needs of each request, from whoever wrote the document."""

import io
import ipaddress
import json
from typing import Any

import polars as pl

EVENT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "time": pl.Datetime("us", "UTC"),
    "address": pl.String,
    "client": pl.String,
    "user_agent": pl.String,
    "method": pl.String,
    "url": pl.String,
    "path": pl.String,
    "status": pl.Int64,
    "bytes": pl.Int64,
    "referrer": pl.String,
    "domain": pl.String,
}
"""One row per request. `client` is the address, or the /64 of an IPv6 address; what is missing is null."""

LATEST_MILLIS = 253_402_300_799_999
"""The end of the year 9999: Python knows no later time, and Elasticsearch does."""

SOURCE_FIELDS = (
    "source.ip",
    "source.address",
    "url.original",
    "url.path",
    "url.query",
    "url.domain",
    "http.request.method",
    "http.request.referrer",
    "http.response.status_code",
    "http.response.body.bytes",
    "user_agent.original",
)

_URL = pl.Struct({"original": pl.String, "path": pl.String, "query": pl.String, "domain": pl.String})
_RESPONSE = pl.Struct({"status_code": pl.Int64, "body": pl.Struct({"bytes": pl.Int64})})
_SOURCE = pl.Struct(
    {
        "source": pl.Struct({"ip": pl.String, "address": pl.String}),
        "url": _URL,
        "http": pl.Struct({"request": pl.Struct({"method": pl.String, "referrer": pl.String}), "response": _RESPONSE}),
        "user_agent": pl.Struct({"original": pl.String}),
    }
)
_HIT = pl.Struct(
    {"_source": _SOURCE, "fields": pl.Struct({"@timestamp": pl.List(pl.String)}), "sort": pl.List(pl.Int64)}
)
_PAGE = {"hits": pl.Struct({"hits": pl.List(_HIT)})}


def read_page(body: bytes) -> tuple[pl.DataFrame, int | None]:
    """Read a page of search hits.

    Args:
        body: Elasticsearch's answer, with `_source` of SOURCE_FIELDS, `@timestamp` as epoch_millis in `fields`,
            and the sequence number in `sort`.

    Returns:
        The events (EVENT_SCHEMA) in the page's order, and the last sequence number, None for an empty page.
    """
    if not body.strip() or body.strip() == b"{}":
        return pl.DataFrame(schema=EVENT_SCHEMA), None
    try:
        page = pl.read_json(io.BytesIO(body), schema=_PAGE)
    except pl.exceptions.ComputeError:
        # Somebody else's documents may hold "200" or [ip]: legal for Elasticsearch, so read them one by one.
        page = pl.DataFrame({"hits": [{"hits": [_tolerant(hit) for hit in json.loads(body)["hits"]["hits"]]}]}, _PAGE)
    hits = page.select(pl.col("hits").struct.field("hits")).explode("hits").unnest("hits")
    if hits.is_empty() or hits["sort"][0] is None:
        return pl.DataFrame(schema=EVENT_SCHEMA), None
    return _flatten(hits), int(hits["sort"].list.get(0)[-1])


def _flatten(hits: pl.DataFrame) -> pl.DataFrame:
    source = pl.col("_source").struct.field
    url, http = source("url").struct.field, source("http").struct.field
    request, response = http("request").struct.field, http("response").struct.field
    stamp = pl.col("fields").struct.field("@timestamp").list.get(0)
    millis = stamp.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)  # date_nanos has a fraction
    built = pl.concat_str(url("path"), pl.concat_str(pl.lit("?"), url("query")).fill_null(""))
    events = hits.select(
        pl.when(millis.is_between(0, LATEST_MILLIS)).then(millis * 1000).cast(EVENT_SCHEMA["time"]).alias("time"),
        pl.coalesce(source("source").struct.field("ip"), source("source").struct.field("address")).alias("address"),
        source("user_agent").struct.field("original").alias("user_agent"),
        request("method").str.to_uppercase().alias("method"),
        pl.coalesce(url("original"), built).alias("url"),
        response("status_code").alias("status"),
        response("body").struct.field("bytes").alias("bytes"),
        request("referrer").alias("referrer"),
        url("domain").alias("domain"),
    )
    return complete(events)


def complete(events: pl.DataFrame) -> pl.DataFrame:
    """Add the derived columns `client` and `path`, and bring the frame into EVENT_SCHEMA.

    Args:
        events: Any frame with EVENT_SCHEMA's other columns; where `address` is null, the client is "-".
    """
    ready = with_paths(with_clients(events))
    return ready.select(pl.col(name).cast(dtype) for name, dtype in EVENT_SCHEMA.items())


def with_clients(events: pl.DataFrame) -> pl.DataFrame:
    """Add `client` to a frame with `address`."""
    return _widen_ipv6(events.with_columns(client=pl.col("address").fill_null("-")))


def with_paths(events: pl.DataFrame) -> pl.DataFrame:
    """Add `path` to a frame with `url`."""
    return events.with_columns(path=pl.col("url").str.splitn("?", 2).struct.field("field_0"))


def attributable(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events that have an address and a time: lines that did not parse have neither."""
    return events.drop_nulls(["address", "time"])


def _widen_ipv6(events: pl.DataFrame) -> pl.DataFrame:
    long = events["client"].unique()
    long = long.filter(long.str.contains(":", literal=True))
    if long.is_empty():
        return events
    networks = [network_of(address) for address in long.to_list()]  # distinct IPv6 addresses only
    return events.with_columns(pl.col("client").replace(long.to_list(), networks))


def network_of(address: str) -> str:
    """Return the client that an address belongs to: the /64 of an IPv6 address, any other address itself."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped:  # as servers on one socket for both write it: all of IPv4 lies in that one /64
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


def _tolerant(hit: dict[str, Any]) -> dict[str, Any]:
    shaped: dict[str, Any] = _shape(hit.get("_source", {}), _SOURCE)
    return {"_source": shaped, "fields": hit.get("fields"), "sort": hit["sort"]}


def _shape(value: Any, dtype: Any) -> Any:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(dtype, pl.Struct):
        inner = value if isinstance(value, dict) else {}
        return {field.name: _shape(inner.get(field.name), field.dtype) for field in dtype.fields}
    if value is None or isinstance(value, dict):
        return None
    if dtype == pl.Int64:
        try:
            return int(float(value))
        except (ValueError, OverflowError):
            return None
    return str(value)

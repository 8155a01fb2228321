"""What follows from the values of parsed lines, and what is known of them besides."""

from collections.abc import Mapping

import polars as pl

from core import fields
from enrich.addresses import ip_of
from enrich.enrichment import Enrichment
from enrich.entry import IS_COMMENT, Format
from enrich.lines import AGENTS, ANSWERS, CLIENTS, REQUESTS, read_lines
from enrich.slots import FORWARDED_LIST
from enrich.tables import Events, Table
from enrich.urls import IS_REQUEST, url_parts

_FIRST_FAILURE = 400
_NAME = r"^[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?$"


def read_events(lines: pl.Series, entry: Format, enrichment: Enrichment) -> Events:
    """Return log lines as `read_lines` parses them, with the client, its place and program, the URL's parts and signs.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format.
        enrichment: What is known besides.
    """
    events = read_lines(lines, entry)
    look = {
        CLIENTS: lambda values: _clients(values, enrichment),
        AGENTS: lambda values: values.hstack(enrichment.agents(values[fields.USER_AGENT])),
        REQUESTS: lambda values: _requests(values, enrichment),
        ANSWERS: _answers,
    }
    tables = {}
    for name, table in events.tables.items():
        values = look[name](table.values) if name in look else table.values
        # What the server logged itself wins over what follows from another value.
        tables[name] = Table(table.codes, values.drop(events.lines.columns, strict=False))
    return Events(events.lines, tables)


def read_requests(lines: pl.Series, entry: Format, enrichment: Enrichment) -> Events:
    """Return log lines as `read_events` does, with no more of what follows from them than the detector asks for.

    Args:
        lines: Strings, one per log line, without line ends.
        entry: The format.
        enrichment: Which proxies are trusted.

    Returns:
        What `read_lines` returns, with `source.address` the client (its IP address without brackets and zone, where it
        is one) and `url.domain` also of absolute URLs.
    """
    events = read_lines(lines, entry)
    return Events(events.lines, lean_tables(events.tables, enrichment))


def lean_tables(tables: Mapping[str, Table], enrichment: Enrichment) -> dict[str, Table]:
    """Return the tables of `read_lines` with what `read_requests` adds to them."""
    look = {CLIENTS: lambda values: _addresses(values, enrichment), REQUESTS: _domains}
    return {
        name: Table(table.codes, look[name](table.values) if name in look else table.values)
        for name, table in tables.items()
    }


def drop_comments(events: Events) -> tuple[Events, pl.Series]:
    """Return the events without the lines that hold none, and which of the lines are events (Boolean, in order)."""
    if IS_COMMENT not in events.lines.columns:
        return events, pl.Series([True], dtype=pl.Boolean).new_from_index(0, events.lines.height)
    is_event = events.lines[IS_COMMENT].not_()
    return Events(events.lines.drop(IS_COMMENT), events.tables).filter(is_event), is_event


def _clients(values: pl.DataFrame, enrichment: Enrichment) -> pl.DataFrame:
    addresses = values[fields.SOURCE_ADDRESS]
    told = values[FORWARDED_LIST] if FORWARDED_LIST in values.columns else None
    clients = enrichment.clients(addresses, values.select(ip_of(pl.col(fields.SOURCE_ADDRESS))).to_series(), told)
    kept = values.drop(FORWARDED_LIST, *clients.columns, strict=False)
    address = pl.col(fields.SOURCE_ADDRESS)
    is_name = pl.col(fields.SOURCE_IP).is_null() & address.str.contains(_NAME)
    named = clients.with_columns(pl.when(is_name).then(address).alias("source.domain"))
    return kept.hstack(named).hstack(enrichment.places(clients[fields.SOURCE_IP]))


def _addresses(values: pl.DataFrame, enrichment: Enrichment) -> pl.DataFrame:
    addresses = values[fields.SOURCE_ADDRESS]
    told = values[FORWARDED_LIST] if FORWARDED_LIST in values.columns else None
    if told is None:
        # An IPv4 address or a name stays as it is, and looking for what may be IPv6 is dear.
        rows = addresses.str.contains(r"[:\[%]").fill_null(value=False).arg_true()
        ips = values[rows].select(pl.coalesce(ip_of(pl.col(fields.SOURCE_ADDRESS)), fields.SOURCE_ADDRESS)).to_series()
        return addresses.scatter(rows, ips).to_frame() if len(rows) else addresses.to_frame()
    clients = enrichment.clients(addresses, values.select(ip_of(pl.col(fields.SOURCE_ADDRESS))).to_series(), told)
    return clients.select(pl.coalesce(fields.SOURCE_IP, fields.SOURCE_ADDRESS).alias(fields.SOURCE_ADDRESS))


def _domains(values: pl.DataFrame) -> pl.DataFrame:
    """Most requests name a path, and their domain is what the server logged."""
    is_absolute = values[fields.URL_ORIGINAL].str.starts_with("/").not_() & values[fields.METHOD].is_not_null()
    rows = is_absolute.fill_null(value=False).arg_true()
    if rows.is_empty():
        return values
    parts = url_parts(values[rows].with_columns(pl.lit(value=True).alias(IS_REQUEST)))
    return values.with_columns(values[fields.URL_DOMAIN].scatter(rows, parts[fields.URL_DOMAIN]))


def _requests(values: pl.DataFrame, enrichment: Enrichment) -> pl.DataFrame:
    parts = url_parts(values.with_columns(pl.col(fields.METHOD).is_not_null().alias(IS_REQUEST)))
    signs = enrichment.signs(values[fields.URL_ORIGINAL], parts[fields.URL_PATH])
    return values.drop(parts.columns, strict=False).hstack(parts).hstack(signs)


def _answers(values: pl.DataFrame) -> pl.DataFrame:
    failed = pl.col(fields.STATUS) >= _FIRST_FAILURE
    outcome = pl.when(failed).then(pl.lit("failure")).when(failed.not_()).then(pl.lit("success"))
    return values.with_columns(outcome.alias(fields.EVENT_OUTCOME))

"""The table of slots: what a value in a log line can be, which ECS field it becomes, and how its text is read.

A format says which slot each of its variables fills; nothing else about a value is said anywhere else. A slot of a
field that has no short name is called after the field.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

import polars as pl

from core import fields


class Reading(Enum):
    """How a slot's text becomes a value; what cannot be read is null."""

    TEXT = auto()
    """As it is; ``-`` and nothing are null."""
    UPPER = auto()
    LOWER = auto()
    PLUS = auto()
    """Text in which the server wrote spaces as ``+``."""
    ESCAPED = auto()
    """Text that the server percent-encoded."""
    ADDRESS = auto()
    """An IP address; without brackets and zone."""
    LIST = auto()
    """Texts apart by `Slot.layout`; empty ones are left out."""
    INTEGER = auto()
    LAST = auto()
    """The last number of a list."""
    DECIMAL = auto()
    SUM = auto()
    """The sum of a list of numbers."""
    NANOSECONDS = auto()
    """A duration; which unit the text is in, `Slot.scale` says; a unit in the text itself, as in ``2ms``, wins."""
    TIME = auto()
    """A moment in one of `Slot.layout`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a value is.

    Attributes:
        field: The ECS field.
        reading: How its text is read.
        scale: For durations: nanoseconds of one unit; for times in numbers: microseconds of one unit.
        layout: For times: strftime layouts, a line each; one of them may be `EPOCH`, a number since 1970.
            For lists: what stands between the items.
    """

    field: str
    reading: Reading = Reading.TEXT
    scale: float = 1.0
    layout: str = ""


FORWARDED_LIST = "network.forwarded"
"""The text of `X-Forwarded-For`: enrichment makes fields of it, by the list of trusted proxies."""

EPOCH = "epoch"
CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"
ISO_TIME = "\n".join(f"%Y-%m-%d{between}%H:%M:%S%.f{zone}" for zone in ("%#z", "") for between in "T ")
_AWS_TEXTS = (
    *("name", "type", "protocol", "target_group.arn", "trace_id", "chosen_cert.arn", "matched_rule_priority"),
    *("redirect_url", "error.reason", "classification", "classification_reason", "ssl_protocol", "ssl_cipher"),
)
_HAPROXY = "haproxy."
_INGRESS = "nginx.ingress_controller."
_TEXTS = (
    *(f"aws.elb.{name}" for name in _AWS_TEXTS),
    *("aws.elb.creation_time", "tls.cipher"),
    *("aws.cloudfront.edge_location", "aws.cloudfront.edge_result_type", "aws.cloudfront.edge_response_result_type"),
    *("aws.cloudfront.edge_detailed_result_type", "aws.cloudfront.domain", "aws.cloudfront.cookies"),
    *("aws.cloudfront.fle_status", "aws.cloudfront.range_start", "aws.cloudfront.range_end"),
    *("haproxy.frontend_name", "haproxy.backend_name", "haproxy.server_name", "haproxy.termination_state"),
    *("haproxy.http.request.captured_cookie", "haproxy.http.response.captured_cookie"),
    *("iis.access.site_name", "iis.access.server_name", "iis.access.cookie"),
    *("traefik.access.frontend_name", "traefik.access.backend_url", "traefik.access.user_identifier"),
    *("nginx.ingress_controller.upstream.name", "nginx.ingress_controller.upstream.alternative_name"),
    *("http.request.mime_type", "http.response.mime_type", "process.name", "network.protocol", "url.fragment"),
)
_INTEGERS = (
    *("aws.elb.backend.port", "aws.elb.backend.http.response.status_code", "aws.cloudfront.content_length"),
    *("haproxy.http.request.time_wait_ms", "haproxy.http.request.time_wait_without_data_ms"),
    *("haproxy.total_waiting_time_ms", "haproxy.connection_wait_time_ms", "haproxy.server_queue"),
    *("haproxy.backend_queue", "haproxy.connections.active", "haproxy.connections.frontend"),
    *("haproxy.connections.backend", "haproxy.connections.server", "haproxy.connections.retries"),
    *("iis.access.sub_status", "iis.access.win32_status", "traefik.access.request_count", "process.pid"),
)
_DECIMALS = (
    "aws.elb.request_processing_time.sec",
    "aws.elb.backend_processing_time.sec",
    "aws.elb.response_processing_time.sec",
    "aws.cloudfront.time_to_first_byte",
)
_LISTS = {
    "aws.elb.action_executed": ",",
    "aws.elb.target_port": " ",
    "aws.elb.target_status_code": " ",
    "haproxy.http.request.captured_headers": "|",
    "haproxy.http.response.captured_headers": "|",
}
_UPSTREAM = f"{_INGRESS}upstream.response"

SLOTS: dict[str, tuple[Slot, ...]] = {
    "time": (Slot(fields.TIMESTAMP, Reading.TIME, layout=CLF_TIME),),
    "time_iso": (Slot(fields.TIMESTAMP, Reading.TIME, layout=ISO_TIME),),
    "time_bracketed": (Slot(fields.TIMESTAMP, Reading.TIME, layout=f"[{CLF_TIME}]"),),
    "time_haproxy": (Slot(fields.TIMESTAMP, Reading.TIME, layout="%d/%b/%Y:%H:%M:%S%.f"),),
    "time_slashes": (Slot(fields.TIMESTAMP, Reading.TIME, layout="%Y/%m/%d %H:%M:%S"),),
    "time_any": (Slot(fields.TIMESTAMP, Reading.TIME, 1e6, f"{ISO_TIME}\n{CLF_TIME}\n{EPOCH}"),),
    "time_seconds": (Slot(fields.TIMESTAMP, Reading.TIME, 1e6, EPOCH),),
    "time_millis": (Slot(fields.TIMESTAMP, Reading.TIME, 1e3, EPOCH),),
    "time_micros": (Slot(fields.TIMESTAMP, Reading.TIME, 1, EPOCH),),
    "address": (Slot(fields.SOURCE_ADDRESS),),
    "port": (Slot("source.port", Reading.INTEGER),),
    "forwarded": (Slot(FORWARDED_LIST),),
    "forwarded_escaped": (Slot(FORWARDED_LIST, Reading.ESCAPED),),
    "forwarded_plus": (Slot(FORWARDED_LIST, Reading.PLUS),),
    "user": (Slot(fields.USER_NAME),),
    "method": (Slot(fields.METHOD, Reading.UPPER),),
    "url": (Slot(fields.URL_ORIGINAL),),
    "args": (Slot(fields.URL_QUERY),),
    "domain": (Slot(fields.URL_DOMAIN), Slot("destination.domain")),
    "scheme": (Slot("url.scheme", Reading.LOWER),),
    "version": (Slot(fields.HTTP_VERSION),),
    "status": (Slot(fields.STATUS, Reading.INTEGER),),
    "bytes": (Slot(fields.BODY_BYTES, Reading.INTEGER),),
    "request_body_bytes": (Slot("http.request.body.bytes", Reading.INTEGER),),
    "request_bytes": (Slot("http.request.bytes", Reading.INTEGER),),
    "response_bytes": (Slot("http.response.bytes", Reading.INTEGER),),
    "referrer": (Slot(fields.REFERRER),),
    "user_agent": (Slot(fields.USER_AGENT),),
    "user_agent_plus": (Slot(fields.USER_AGENT, Reading.PLUS),),
    "user_agent_escaped": (Slot(fields.USER_AGENT, Reading.ESCAPED),),
    "mime_escaped": (Slot("http.response.mime_type", Reading.ESCAPED),),
    "request_id": (Slot("http.request.id"),),
    "seconds": (Slot("event.duration", Reading.NANOSECONDS, 1e9),),
    "millis": (Slot("event.duration", Reading.NANOSECONDS, 1e6),),
    "micros": (Slot("event.duration", Reading.NANOSECONDS, 1e3),),
    "nanos": (Slot("event.duration", Reading.NANOSECONDS),),
    "server_address": (Slot("destination.address"), Slot("destination.ip", Reading.ADDRESS)),
    "server_port": (Slot("destination.port", Reading.INTEGER),),
    "tls_version": (Slot("tls.version"),),
    "tls_protocol": (Slot("tls.version_protocol", Reading.LOWER),),
    "tls_server": (Slot("tls.client.server_name"),),
    "apache_tls": (Slot("apache.access.ssl.protocol"),),
    "apache_cipher": (Slot("apache.access.ssl.cipher"), Slot("tls.cipher")),
    "elb_tls": (Slot("aws.elb.ssl_protocol"),),
    "elb_cipher": (Slot("aws.elb.ssl_cipher"), Slot("tls.cipher")),
    "elb_backend_ip": (Slot("aws.elb.backend.ip", Reading.ADDRESS),),
    "haproxy_request": (Slot("haproxy.http.request.raw_request_line"),),
    "haproxy_bytes": (
        Slot("haproxy.bytes_read", Reading.INTEGER),
        Slot("http.response.bytes", Reading.INTEGER),
    ),
    "ingress_id": (Slot(f"{_INGRESS}http.request.id"), Slot("http.request.id")),
    "ingress_bytes": (
        Slot(f"{_INGRESS}http.request.length", Reading.INTEGER),
        Slot("http.request.bytes", Reading.INTEGER),
    ),
    "ingress_seconds": (
        Slot(f"{_INGRESS}http.request.time", Reading.DECIMAL),
        Slot("event.duration", Reading.NANOSECONDS, 1e9),
    ),
    "ingress_upstreams": (Slot(f"{_INGRESS}upstream_address_list", Reading.LIST, layout=", "),),
    "ingress_upstream_ip": (Slot(f"{_INGRESS}upstream.ip", Reading.ADDRESS),),
    "ingress_upstream_port": (Slot(f"{_INGRESS}upstream.port", Reading.INTEGER),),
    "ingress_lengths": (
        Slot(f"{_UPSTREAM}.length", Reading.LAST),
        Slot(f"{_UPSTREAM}.length_list", Reading.LIST, layout=", "),
    ),
    "ingress_times": (
        Slot(f"{_UPSTREAM}.time", Reading.SUM, layout=", "),
        Slot(f"{_UPSTREAM}.time_list", Reading.LIST, layout=", "),
    ),
    "ingress_statuses": (
        Slot(f"{_UPSTREAM}.status_code", Reading.LAST),
        Slot(f"{_UPSTREAM}.status_code_list", Reading.LIST, layout=", "),
    ),
    **{name: (Slot(name),) for name in _TEXTS},
    **{name: (Slot(name, Reading.INTEGER),) for name in _INTEGERS},
    **{name: (Slot(name, Reading.DECIMAL),) for name in _DECIMALS},
    **{name: (Slot(name, Reading.LIST, layout=between),) for name, between in _LISTS.items()},
}
"""By name. Values without an ECS field fill slots named ``label_<name>`` and become ``labels.<name>``."""

TYPES: dict[Reading, pl.DataType] = {
    **dict.fromkeys(Reading, pl.String()),
    Reading.LIST: pl.List(pl.String()),
    Reading.INTEGER: pl.Int64(),
    Reading.LAST: pl.Int64(),
    Reading.DECIMAL: pl.Float64(),
    Reading.SUM: pl.Float64(),
    Reading.NANOSECONDS: pl.Int64(),
    Reading.TIME: pl.Datetime("us", "UTC"),
}
LABEL = "label_"
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")


def label(name: str) -> str:
    """Return the slot of a value that has no ECS field, from what the server calls it."""
    return LABEL + (_NO_NAME.sub("_", name).strip("_") or "value")


def find_slots(name: str, own: Mapping[str, tuple[Slot, ...]] | None = None) -> tuple[Slot, ...]:
    """Return what the text of a slot becomes: most often one field, sometimes two.

    Args:
        name: The slot.
        own: Slots that only one format has.
    """
    if own and name in own:
        return own[name]
    return SLOTS.get(name) or (Slot("labels." + name.removeprefix(LABEL)),)

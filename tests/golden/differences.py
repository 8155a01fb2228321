"""Where our fields are not Filebeat's, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Fields that differ for a reason.

    Attributes:
        reason: Why ours is right, or tested elsewhere.
        fields: Their names; one that ends in a dot stands for all below it; none stands for all.
        formats: The formats that it is about; none stands for all.
        is_foreign: The field is nothing that stands in the line.
        holds: From the expected value, our event and our value to whether this is what differs.
    """

    reason: str
    fields: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    holds: Callable[[Any, Row, Any], bool] = lambda _expected, _row, _ours: True
    is_foreign: bool = False

    def explains(self, format_name: str, field: str, expected: Any, row: Row) -> bool:
        """Return whether it explains why our value is not the expected one."""
        is_about = not self.formats or format_name in self.formats
        is_named = not self.fields or any(
            field.startswith(name) if name.endswith(".") else field == name for name in self.fields
        )
        return is_about and is_named and self.holds(expected, row, row.get(field))


def _is_nothing(expected: Any, _row: Row, ours: Any) -> bool:
    return expected in ("-", "", []) and ours is None


DIFFERENCES = (
    Difference("`-` and nothing are no value: the field is left out", holds=_is_nothing),
    Difference(
        "names of Filebeat's own parts; ours are `event.dataset: www.access` and `event.module: www`",
        ("event.dataset", "event.module", "fileset.name", "service.type", "input.type"),
        is_foreign=True,
    ),
    Difference("our times are UTC already", ("event.timezone",), is_foreign=True),
    Difference("counted by the shipper, and tested there", ("log.offset",), is_foreign=True),
    Difference(
        "needs a database that the user names (`ship.geoip`); tested with one",
        ("source.geo.", "source.as."),
        is_foreign=True,
    ),
    Difference("copies of addresses and users that have fields of their own", ("related.",), is_foreign=True),
    Difference(
        "every request is `category: [web]`, `type: [access]`, whatever the server",
        ("event.category", "event.type"),
        ("iis", "nginx ingress"),
    ),
    Difference(
        "Filebeat's dot at the end of Firefox's version", ("user_agent.version",), holds=lambda e, _, o: e == f"{o}."
    ),
    Difference(
        "a user agent of `-` is none",
        ("user_agent.name", "user_agent.device.name"),
        holds=lambda _e, row, _o: "user_agent.original" not in row,
    ),
    Difference(
        "who connected is `source.address`; whom the others name is believed of trusted proxies alone"
        " (`network.forwarded_ip`, `ship.trusted_proxies`)",
        ("source.address", "source.ip"),
        ("nginx",),
        lambda _e, row, _o: "network.forwarded_ip" in row or ", " in row["event.original"].split(" - ")[0],
    ),
    Difference(
        "the list of addresses before the line: its last one is `source.address`",
        ("nginx.access.remote_ip_list", "nginx.ingress_controller.remote_ip_list"),
    ),
    Difference("a port is a number", ("destination.port",), ("nginx",), lambda e, _, o: e == str(o)),
    Difference(
        "a host that is an address is the domain all the same, as in the request",
        ("destination.ip",),
        ("nginx",),
        lambda e, row, _o: row["destination.domain"] == e,
    ),
    Difference("methods are in capitals", ("http.request.method",), holds=lambda e, _, o: e.upper() == o),
    Difference(
        "`url.original` has the query, as for every other server",
        ("url.original",),
        ("iis",),
        lambda e, _, o: o.split("?")[0] == e,
    ),
    Difference(
        "a `+` in a query is not decoded: in a path or a command it is one",
        ("url.query",),
        ("iis",),
        lambda e, _, o: o.replace("+", " ") == e,
    ),
    Difference(
        "a damaged sample: somebody's editor made links of its addresses",
        ("source.address", "source.ip", "destination.address", "destination.ip"),
        ("iis",),
        lambda _e, row, _o: "](http://" in row["event.original"],
    ),
)
"""All of them; `docs/formats.md` shows the reasons."""

"""Deep links into Kibana: Discover and dashboards, with absolute times and quoted values.

Discover is linked by its locator, which outlives Kibana's versions; dashboards by the address that people copy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import prison

from core.clock import iso_millis, parse_iso
from kibana.compile.names import Options
from kibana.kql.quote import any_of

LOCATOR_VERSION = "8.18.0"
"""What the locator's parameters are written for; newer Kibanas migrate them."""

PADDING = timedelta(minutes=5)
"""Before and after an incident, so that its beginning is seen to begin."""

MOST_CLIENTS = 20
"""Clients named in a link: with more, it would be longer than mail programs let links be (about 2,000 characters)."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links.

    Attributes:
        base: Kibana's address, without a slash at its end.
        space: The space; empty for the default one.
        options: Prefix of our objects' ids.
    """

    base: str
    space: str = ""
    options: Options = field(default_factory=Options)

    def discover(
        self, query: str, start: datetime, end: datetime, *, view: str = "access", columns: Sequence[str] = ()
    ) -> str:
        """Return a link to documents in Discover.

        Args:
            query: KQL; values in it are quoted already.
            start: Begin of the time range.
            end: Its end.
            view: The data view.
            columns: Which columns to show; default: whole documents.
        """
        params = {
            "dataViewId": self.options.view(view),
            "timeRange": {"from": iso_millis(start), "to": iso_millis(end)},
            "query": {"query": query, "language": "kuery"},
            "columns": list(columns),
        }
        locator = {"l": "DISCOVER_APP_LOCATOR", "v": LOCATOR_VERSION, "p": json.dumps(params, separators=(",", ":"))}
        return f"{self._root}/app/r?{urlencode(locator, quote_via=quote)}"

    def dashboard(self, name: str, query: str, start: datetime, end: datetime) -> str:
        """Return a link to one of our dashboards, narrowed by a query; arguments as in `discover`."""
        time = {"time": {"from": iso_millis(start), "to": iso_millis(end)}}
        state = {"query": {"language": "kuery", "query": query}}
        parts = f"_g={_rison(time)}&_a={_rison(state)}"
        return f"{self._root}/app/dashboards#/view/{quote(self.options.dashboard(name))}?{parts}"

    def clients(self, addresses: Sequence[str], start: datetime, end: datetime) -> str:
        """Return a link to the requests of some clients, the first twenty of them, with room around the time."""
        query = any_of("source.address", list(addresses[:MOST_CLIENTS]))
        return self.discover(query, start - PADDING, end + PADDING, columns=COLUMNS)

    def incident(self, document: Mapping[str, Any]) -> dict[str, str]:
        """Return the links of an incident, label to URL: its dashboard, and its clients' requests.

        Args:
            document: As it stands in `wwwatch-incidents`; one that lacks its times or its id has no links.
        """
        own, event = document.get("wwwatch", {}).get("incident", {}), document.get("event", {})
        clients = list(document.get("source", {}).get("address", ()))
        if not own.get("id") or not event.get("start") or not event.get("end"):
            return {}
        start, end = parse_iso(event["start"]), parse_iso(event["end"])
        named = any_of("source.address", clients[:MOST_CLIENTS])
        query = " or ".join(filter(None, (any_of("wwwatch.incident.id", [own["id"]]), named)))
        links = {"See the incident in Kibana": self.dashboard("incident", query, start - PADDING, end + PADDING)}
        if clients:
            links["Every request of its clients"] = self.clients(clients, start, end)
        return links

    @property
    def _root(self) -> str:
        return f"{self.base.rstrip('/')}/s/{quote(self.space)}" if self.space else self.base.rstrip("/")


COLUMNS = ("source.address", "http.request.method", "url.original", "http.response.status_code", "user_agent.original")
"""What is shown of requests in Discover."""


def _rison(value: Any) -> str:
    return quote(prison.dumps(value), safe="!'(),:*@")

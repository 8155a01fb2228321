"""All that is added to events: the client behind proxies, its place and network, its program, the signs in its URL.

Each kind is worked out on distinct values and stands on its own, for who keeps distinct values anyway; `add` does all
of them for a frame.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from core import fields
from enrich.agents import AGENT_SCHEMA, AgentTable
from enrich.geo import GEO_SCHEMA, GeoTable
from enrich.logins import login_applications
from enrich.proxies import PROXY_SCHEMA, ClientTable
from enrich.signs import mark_signs, name_signs
from enrich.slots import FORWARDED_LIST

SIGNS_FIELD = "wwwatch.signs"
LOGIN_FIELD = "wwwatch.login"
SIGN_SCHEMA: dict[str, pl.DataType] = {SIGNS_FIELD: pl.List(pl.String()), LOGIN_FIELD: pl.String()}
"""The columns of `Enrichment.signs`: names of `SIGNS`, and an application of `LOGINS`; null where there is none."""

ENRICHED: dict[str, pl.DataType] = {**PROXY_SCHEMA, **GEO_SCHEMA, **AGENT_SCHEMA, **SIGN_SCHEMA}
"""The columns of `Enrichment.add` beside the frame's own."""


class Enrichment:
    """What is added to events, and what is remembered for it.

    Args:
        geoip: Databases in MaxMind's format, see `GeoTable`; without any, there are no places and networks.
        trusted_proxies: Networks of the reverse proxies to believe, see `ClientTable`.
        limit: Distinct values of each kind to remember.

    Raises:
        SettingsError: A database cannot be read or knows nothing of use, or a network is none.
    """

    def __init__(self, geoip: Sequence[Path] = (), trusted_proxies: Sequence[str] = (), limit: int = 100_000) -> None:
        self._limit = limit
        self._geo = GeoTable(geoip, limit) if geoip else None
        self._clients = ClientTable(trusted_proxies, limit)

    @cached_property
    def _agents(self) -> AgentTable:
        return AgentTable(self._limit)  # not everybody asks for user agents, and its expressions take a while

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with the columns of `ENRICHED`, its own `source.*` replaced by the client's.

        Args:
            frame: The columns `source.address`, `source.ip`, `user_agent.original` and `url.original`, and, where they
                are known, `url.path` and `network.forwarded`, which is left out of the result.
        """
        told = frame[FORWARDED_LIST] if FORWARDED_LIST in frame.columns else None
        clients = self.clients(frame[fields.SOURCE_ADDRESS], frame[fields.SOURCE_IP], told)
        paths = frame[fields.URL_PATH] if fields.URL_PATH in frame.columns else None
        parts = (
            frame.drop(FORWARDED_LIST, *clients.columns, strict=False),
            clients,
            self.places(clients[fields.SOURCE_IP]),
            self.agents(frame[fields.USER_AGENT]),
            self.signs(frame[fields.URL_ORIGINAL], paths),
        )
        return pl.concat(parts, how="horizontal")

    def clients(self, addresses: pl.Series, ips: pl.Series, forwarded: pl.Series | None) -> pl.DataFrame:
        """Return the columns of `PROXY_SCHEMA`: who asked, behind the proxies that are trusted.

        Args:
            addresses: Who connected, as logged, shape (n,).
            ips: The same where it is an address, else null, shape (n,).
            forwarded: The lists that the proxies wrote, shape (n,); None where the log has no such column.
        """
        own = pl.DataFrame([addresses.alias(fields.SOURCE_ADDRESS), ips.alias(fields.SOURCE_IP)])
        if forwarded is None or forwarded.null_count() == len(forwarded):
            return own.with_columns(pl.lit(None, kind).alias(name) for name, kind in list(PROXY_SCHEMA.items())[2:])
        # A null list says nothing, and a null address has nobody to believe: what was logged stands.
        found = self._clients.columns(addresses, forwarded)
        is_found = found[fields.SOURCE_ADDRESS].is_not_null()
        return found.with_columns(
            pl.when(is_found).then(pl.col(name)).otherwise(own[name]).alias(name) for name in own.columns
        )

    def places(self, ips: pl.Series) -> pl.DataFrame:
        """Return the columns of `GEO_SCHEMA` of addresses, shape (n, 10)."""
        if self._geo is None:
            nothing = [pl.Series(name, [None], kind).new_from_index(0, len(ips)) for name, kind in GEO_SCHEMA.items()]
            return pl.DataFrame(nothing)
        return self._geo.columns(ips)

    def agents(self, agents: pl.Series) -> pl.DataFrame:
        """Return the columns of `AGENT_SCHEMA` of user agents, shape (n, 7)."""
        return self._agents.columns(agents)

    def signs(self, urls: pl.Series, paths: pl.Series | None = None) -> pl.DataFrame:
        """Return the columns of `SIGN_SCHEMA` of URLs, shape (n, 2).

        Args:
            urls: URLs as logged, shape (n,).
            paths: Their paths, shape (n,), where they are known already.
        """
        asked = urls.str.splitn("?", 2).struct.field("field_0") if paths is None else paths
        names = name_signs(mark_signs(urls)).alias(SIGNS_FIELD)
        return pl.DataFrame([names, login_applications(asked).alias(LOGIN_FIELD)])

"""Loads what a run looks at: the only searches and requests that a watch itself asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from alerts.engine.search import search
from alerts.language.model import Input, SearchInput, Watch
from core.documents import Document

Loaded = tuple[dict[str, Any], Document]
"""A payload, and what the record says of how it was loaded."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads payloads.

    Attributes:
        client: The cluster.
    """

    client: Elasticsearch

    def load(self, watch: Watch, ctx: Mapping[str, Any]) -> Loaded:
        """Return the payload of a run.

        Args:
            watch: Whose input.
            ctx: The variables, for the templates in the input.

        Raises:
            StoreError: A search failed.
            RuleError: A template cannot be filled in.
        """
        return self._input(watch, watch.body.input, ctx)

    def _input(self, watch: Watch, source: Input, ctx: Mapping[str, Any]) -> Loaded:
        if source.search is not None:
            return self._search(watch, source.search, ctx)
        if source.simple is not None:
            return _loaded("simple", dict(source.simple))
        return _loaded("none", {})

    def _search(self, watch: Watch, source: SearchInput, ctx: Mapping[str, Any]) -> Loaded:
        payload, request = search(self.client, watch, source, ctx)
        return _loaded("search", payload, search={"request": request})


def _loaded(kind: str, payload: dict[str, Any], **more: Any) -> Loaded:
    return payload, {"type": kind, "status": "success", "payload": payload, **more}

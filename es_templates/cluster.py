"""What the cluster has now: the only reads of this room."""

from collections.abc import Callable
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from core.client import es_errors
from es_templates.catalogue import Json

NO_SUCH_API = (400, 405, 410)
"""How clusters without an API answer: the core with 400 or 405, serverless with 410."""


def has_ilm(client: Elasticsearch) -> bool:
    """Return whether the cluster has index lifecycle management."""
    with es_errors("ask for lifecycle management"):
        try:
            client.ilm.get_lifecycle()
        except ApiError as error:
            if error.status_code in NO_SUCH_API:
                return False
            if isinstance(error, NotFoundError):  # the API is there, no policy is
                return True
            raise
    return True


def ilm_policy(client: Elasticsearch, name: str) -> Json | None:
    """Return a lifecycle policy's body, or None."""
    found = _read(f"read the lifecycle policy {name}", client.ilm.get_lifecycle, name=name)
    return {"policy": found[name]["policy"]} if found else None


def component_template(client: Elasticsearch, name: str) -> Json | None:
    """Return a component template's body, or None."""
    found = _read(f"read the component template {name}", client.cluster.get_component_template, name=name)
    body: Json | None = found["component_templates"][0]["component_template"] if found else None
    return body


def index_template(client: Elasticsearch, name: str) -> Json | None:
    """Return an index template's body, or None."""
    found = _read(f"read the index template {name}", client.indices.get_index_template, name=name)
    body: Json | None = found["index_templates"][0]["index_template"] if found else None
    return body


def write_index(client: Elasticsearch, name: str) -> str | None:
    """Return the index that writes to this index or alias go to, or None where there is neither."""
    found = _read(f"look up {name}", client.indices.get_alias, index=name)
    if not found:
        return None
    chosen = [index for index, entry in found.items() if entry["aliases"].get(name, {}).get("is_write_index")]
    return chosen[0] if chosen else max(found)


def data_streams(client: Elasticsearch, pattern: str) -> dict[str, str]:
    """Return the data streams that match a pattern, with the backing index that each writes to."""
    # `GET _data_stream` is missing on the bare server core, `_resolve` is everywhere.
    found = _read(f"list the data streams {pattern}", client.indices.resolve_index, name=pattern)
    return {stream["name"]: max(stream["backing_indices"], key=_generation) for stream in found.get("data_streams", [])}


def mapping_of(client: Elasticsearch, index: str) -> Json:
    """Return the mapping of one index."""
    with es_errors(f"read the mapping of {index}"):
        mapping: Json = client.indices.get_mapping(index=index).body[index]["mappings"]
    return mapping


def settings_of(client: Elasticsearch, index: str) -> dict[str, str]:
    """Return the settings of one index, flat."""
    with es_errors(f"read the settings of {index}"):
        settings: dict[str, str] = client.indices.get_settings(index=index, flat_settings=True).body[index]["settings"]
    return settings


def _generation(backing_index: str) -> int:
    return int(backing_index.rpartition("-")[2])


def _read(doing: str, ask: Callable[..., Any], **arguments: str) -> Json:
    with es_errors(doing):
        try:
            body: Json = ask(**arguments).body
        except NotFoundError:
            return {}
    return body

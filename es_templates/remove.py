"""Takes away what `apply` put, and with it the data where that is wanted: the opposite of setup."""

from collections.abc import Callable
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from core.client import es_errors
from es_templates import cluster
from es_templates.catalogue import Catalogue, read_catalogue
from es_templates.plan import Change


def remove(client: Elasticsearch, *, data: bool = False, catalogue: Catalogue | None = None) -> list[Change]:
    """Delete our templates and policies; doing it twice is harmless.

    Templates of data streams that still hold data stay: Elasticsearch does not let go of them before their data.

    Args:
        client: The cluster.
        data: Delete indices and data streams, too: logs, incidents, models, history.
        catalogue: What setup put; default: the shipped one.

    Returns:
        What was done: `action` is ``none`` for what was not there, ``update`` for what was deleted, and ``manual`` with
        the reason for what could not be.

    Raises:
        StoreError: The cluster cannot be asked.
    """
    catalogue = catalogue or read_catalogue()
    done: list[Change] = []
    if data:
        done += [_index(client, name) for name in catalogue.indices]
        streamed = [body for body in catalogue.index_templates.values() if "data_stream" in body]
        for pattern in (pattern for body in streamed for pattern in body["index_patterns"]):
            streams = cluster.data_streams(client, pattern)
            done += [_gone(client.indices.delete_data_stream, "data stream", stream) for stream in streams]
    done += [_gone(client.indices.delete_index_template, "index template", name) for name in catalogue.index_templates]
    parts = catalogue.component_templates
    done += [_gone(client.cluster.delete_component_template, "component template", name) for name in parts]
    if cluster.has_ilm(client):
        done += [_gone(client.ilm.delete_lifecycle, "lifecycle policy", name) for name in catalogue.ilm_policies]
    return done


def _index(client: Elasticsearch, name: str) -> Change:
    """Delete an index, or every index behind an alias of that name."""
    alias = name.rpartition("-")[0] if name[-1].isdigit() else name
    with es_errors(f"look up {alias}"):
        found = client.options(ignore_status=404).indices.get(index=f"{alias},{alias}-0*", expand_wildcards="all")
    names = [each for each in found.body if isinstance(found.body.get(each), dict) and "mappings" in found.body[each]]
    if not names:
        return Change("index", alias, "none", "is not there")
    for each in names:
        with es_errors(f"delete the index {each}"):
            client.options(ignore_status=404).indices.delete(index=each)
    return Change("index", alias, "update", "deleted")


def _gone(delete: Callable[..., Any], kind: str, name: str) -> Change:
    with es_errors(f"delete the {kind} {name}"):
        try:
            delete(name=name)
        except NotFoundError:
            return Change(kind, name, "none", "is not there")
        except ApiError as error:
            if error.status_code not in cluster.NO_SUCH_API:
                raise
            return Change(kind, name, "manual", "cannot be deleted here: in use, or this is a bare server core")
    return Change(kind, name, "update", "deleted")

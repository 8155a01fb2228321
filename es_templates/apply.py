"""Puts a plan into the cluster: the only writes of this room."""

import logging
from collections.abc import Callable, Iterable

from elasticsearch import BadRequestError, Elasticsearch

from core.client import es_errors
from es_templates.catalogue import Json
from es_templates.plan import Change

log = logging.getLogger(__name__)


def apply(client: Elasticsearch, changes: Iterable[Change]) -> list[Change]:
    """Do what a plan says, in its order; doing it twice, or in two places at once, is harmless.

    Args:
        client: The cluster.
        changes: What `plan` returned.

    Returns:
        The changes that were made: without those that had nothing to do or that need a person.

    Raises:
        StoreError: The cluster refused one; those before it are done, so run it again after mending.
    """
    made = []
    for change in changes:
        if change.action not in ("create", "update"):
            continue
        with es_errors(f"{change.action} the {change.kind} {change.name}"):
            _PUT[change.kind](client, change.name, change.body)
        log.info("%s %s: %s", change.kind, change.name, change.action)
        made.append(change)
    return made


def _put_policy(client: Elasticsearch, name: str, body: Json) -> None:
    client.ilm.put_lifecycle(name=name, body=body)


def _put_component_template(client: Elasticsearch, name: str, body: Json) -> None:
    client.cluster.put_component_template(name=name, body=body)


def _put_index_template(client: Elasticsearch, name: str, body: Json) -> None:
    client.indices.put_index_template(name=name, body=body)


def _put_index(client: Elasticsearch, name: str, body: Json) -> None:
    if "index" in body:
        _converge(client, body)
        return
    try:
        client.indices.create(index=name, body=body)
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":
            raise
        # Another setup was quicker, or somebody deleted the alias alone.
        for alias, options in body.get("aliases", {}).items():
            client.indices.put_alias(index=name, name=alias, body=options)


def _put_data_stream(client: Elasticsearch, name: str, body: Json) -> None:
    if "rollover" in body:
        client.indices.rollover(alias=name)
        return
    _converge(client, body)


def _converge(client: Elasticsearch, body: Json) -> None:
    if "mapping" in body:
        client.indices.put_mapping(index=body["index"], body=body["mapping"])
    if "settings" in body:
        client.indices.put_settings(index=body["index"], body=body["settings"])


_PUT: dict[str, Callable[[Elasticsearch, str, Json], None]] = {
    "lifecycle policy": _put_policy,
    "component template": _put_component_template,
    "index template": _put_index_template,
    "index": _put_index,
    "data stream": _put_data_stream,
}

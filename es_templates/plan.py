"""Decides what `apply` has to change: reads the cluster, changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from elasticsearch import Elasticsearch

from es_templates import cluster
from es_templates.catalogue import MANAGER, Catalogue, Json, needs_ilm, read_catalogue, resolve, stamped
from es_templates.compare import differences, flatten, template_facts
from es_templates.existing import converge_index

AS_IT_SHOULD_BE = "is as it should be"
"""The reason of a change that has nothing to do and nothing to tell."""

Action = Literal["create", "update", "none", "manual"]


@dataclass(frozen=True, slots=True)
class Change:
    """One object of the cluster and what has to happen to it.

    Attributes:
        kind: What it is, e.g. ``index template``.
        name: Its name.
        action: `manual` means that a person has to decide: `why` says what about.
        why: The reason, in a few words.
        body: What `apply` sends.
    """

    kind: str
    name: str
    action: Action
    why: str
    body: Json = field(default_factory=dict, repr=False)

    @property
    def is_pending(self) -> bool:
        """Whether something is to be done."""
        return self.action != "none"


def plan(client: Elasticsearch, *, catalogue: Catalogue | None = None, namespace: str | None = None) -> list[Change]:
    """Return every object that the catalogue names, in the order of `apply`, with what has to happen to it.

    Args:
        client: The cluster; only asked.
        catalogue: What it must know; default: the shipped one.
        namespace: Look at this namespace's data stream alone; default: at all of them.

    Raises:
        StoreError: The cluster cannot be asked.
    """
    catalogue = catalogue or read_catalogue()
    ilm = cluster.has_ilm(client)
    extra = _custom_components(client, catalogue)
    return [
        *_policies(client, catalogue, ilm=ilm),
        *_component_templates(client, catalogue, ilm=ilm),
        *_index_templates(client, catalogue),
        *_indices(client, catalogue, extra, ilm=ilm),
        *_data_streams(client, catalogue, extra, namespace, ilm=ilm),
    ]


def _policies(client: Elasticsearch, catalogue: Catalogue, *, ilm: bool) -> Iterator[Change]:
    kind = "lifecycle policy"
    for name, body in catalogue.ilm_policies.items():
        if not ilm:
            yield Change(kind, name, "none", "ILM: not on this cluster, skipped")
            continue
        wanted = {"policy": stamped(body["policy"])}
        actual = cluster.ilm_policy(client, name)
        yield _judge(kind, name, wanted, actual, lambda found: flatten({"phases": found["policy"]["phases"]}))


def _component_templates(client: Elasticsearch, catalogue: Catalogue, *, ilm: bool) -> Iterator[Change]:
    kind = "component template"
    for name, body in catalogue.component_templates.items():
        if needs_ilm(body) and not ilm:
            yield Change(kind, name, "none", "ILM: not on this cluster, skipped")
        else:
            yield _judge(kind, name, stamped(body), cluster.component_template(client, name), template_facts)


def _index_templates(client: Elasticsearch, catalogue: Catalogue) -> Iterator[Change]:
    for name, body in catalogue.index_templates.items():
        yield _judge("index template", name, stamped(body), cluster.index_template(client, name), template_facts)


def _judge(kind: str, name: str, wanted: Json, actual: Json | None, facts: Callable[[Json], dict[str, str]]) -> Change:
    if actual is None:
        return Change(kind, name, "create", "is missing", wanted)
    meta, wanted_meta = _meta(actual), _meta(wanted)
    has, want = actual.get("version", 0), wanted.get("version", 0)
    drift = differences(facts(actual), facts(wanted))
    if meta.get("managed_by") != MANAGER:
        return Change(kind, name, "update", f"was not made by wwwatch; {drift or 'says the same'}", wanted)
    if has > want:
        return Change(kind, name, "none", f"kept: version {has} of a newer wwwatch is there, this one has {want}")
    if meta.get("sha256") != wanted_meta["sha256"]:
        return Change(
            kind, name, "update", f"version {has} is there, wanted {want}; {drift or 'says the same'}", wanted
        )
    if drift:
        return Change(kind, name, "update", f"was edited by hand; {drift}", wanted)
    return Change(kind, name, "none", AS_IT_SHOULD_BE)


def _meta(body: Json) -> Json:
    meta: Json = body.get("_meta") or body.get("policy", {}).get("_meta") or {}
    return meta


def _indices(client: Elasticsearch, catalogue: Catalogue, extra: dict[str, Json], *, ilm: bool) -> Iterator[Change]:
    for name, body in catalogue.indices.items():
        written = next(iter(body.get("aliases", {})), name)
        found = cluster.write_index(client, written)
        if found is None:
            yield Change("index", name, "create", "is missing", body)
            continue
        wanted = _resolved(written, catalogue, extra, ilm=ilm)
        yield from _converged(client, "index", found, found, wanted)


def _data_streams(
    client: Elasticsearch, catalogue: Catalogue, extra: dict[str, Json], namespace: str | None, *, ilm: bool
) -> Iterator[Change]:
    for template, body in catalogue.index_templates.items():
        if "data_stream" not in body:
            continue
        pattern = body["index_patterns"][0].replace("*", namespace or "*")
        wanted = _resolved(template, catalogue, extra, ilm=ilm)
        for stream, index in cluster.data_streams(client, pattern).items():
            yield from _converged(client, "data stream", stream, index, wanted)


def _converged(client: Elasticsearch, kind: str, name: str, index: str, wanted: Json) -> Iterator[Change]:
    mapping, settings = cluster.mapping_of(client, index), cluster.settings_of(client, index)
    steps = list(converge_index(index, mapping, settings, wanted, can_roll_over=kind == "data stream"))
    for action, why, body in steps:
        yield Change(kind, name, action, why, body)
    if not steps:
        yield Change(kind, name, "none", AS_IT_SHOULD_BE)


def _resolved(template: str, catalogue: Catalogue, extra: dict[str, Json], *, ilm: bool) -> Json:
    without: dict[str, Json] = (
        {} if ilm else {name: {} for name, body in catalogue.component_templates.items() if needs_ilm(body)}
    )
    return resolve(template, catalogue, {**extra, **without})


def _custom_components(client: Elasticsearch, catalogue: Catalogue) -> dict[str, Json]:
    names = {name for body in catalogue.index_templates.values() for name in body["composed_of"]}
    found = {name: cluster.component_template(client, name) for name in names - catalogue.component_templates.keys()}
    return {name: body for name, body in found.items() if body}

"""What it takes to bring an index that is already there to what its template says today. Pure."""

from collections.abc import Iterator
from typing import Literal

from es_templates.catalogue import Json
from es_templates.compare import CHANGEABLE_SETTINGS, differences, flat_settings, mapping_gaps, nested_mapping

NAMED = 3

Step = tuple[Literal["update", "manual"], str, Json]
"""An action, why, and what to send: `mapping` and `settings` for the index `index`, or `rollover`."""


def converge_index(
    index: str, mapping: Json, settings: dict[str, str], wanted: Json, *, can_roll_over: bool
) -> Iterator[Step]:
    """Yield the steps that the index needs; none when it is as it should be.

    Args:
        index: The index that is written to.
        mapping: Its mapping.
        settings: Its settings, flat.
        wanted: `settings` and `mappings` of its resolved template.
        can_roll_over: Whether a new backing index may take over what this one cannot change.
    """
    gaps, conflicts = mapping_gaps(mapping, wanted["mappings"])
    if conflicts and can_roll_over:
        yield "update", f"rolls over: {_list(conflicts)}", {"rollover": True}
        return
    body: Json = {}
    words = []
    if gaps:
        words.append(f"fields to add or change: {_list(list(gaps))}")
        body["mapping"] = nested_mapping(gaps)
    if str(mapping.get("dynamic", "true")).lower() != "false":
        words.append("documents may create fields")
        body["mapping"] = {**body.get("mapping", {}), "dynamic": False}
    flat = flat_settings(wanted["settings"])
    differing = {name: flat[name] for name in CHANGEABLE_SETTINGS if name in flat and settings.get(name) != flat[name]}
    if differing:
        words.append(differences({name: settings.get(name, "default") for name in differing}, differing))
        body["settings"] = differing
    if body:
        yield "update", "; ".join(words), {"index": index, **body}
    if conflicts:
        yield "manual", f"cannot change in place: {_list(conflicts)}; export it, delete it, run setup, import it", {}


def _list(words: list[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more

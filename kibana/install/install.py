"""Imports our objects and removes them; importing again changes nothing that is as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import KibanaError
from core.text import visible
from kibana.compile.saved import SavedObject, pack
from kibana.install.server import Kibana

OLDEST = (8, 10)
"""The first Kibana that takes the shapes we write."""

FILE = "wwwatch.ndjson"
_MANY = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        count: Objects that are in Kibana now.
        moved: Our id to another one that Kibana gave the object: in a second space, for example.
    """

    count: int
    moved: Mapping[str, str] = field(default_factory=dict)


def check_version(kibana: Kibana) -> str:
    """Return Kibana's version.

    Raises:
        KibanaError: It is too old for what we write.
    """
    number = kibana.version()
    major, minor = (int(part) for part in number.split(".")[:2])
    if (major, minor) < OLDEST:
        raise KibanaError(f"this Kibana is {visible(number)}", "our dashboards need 8.10 or newer")
    return number


def install(kibana: Kibana, objects: Sequence[SavedObject]) -> Imported:
    """Import all objects, in the place of those with the same ids.

    Raises:
        KibanaError: Kibana refused one: nothing is imported then.
    """
    answer = kibana.upload("/api/saved_objects/_import?overwrite=true", FILE, pack(objects))
    errors = answer.get("errors", [])
    if errors or not answer.get("success"):
        told = "; ".join(_sentence(error) for error in errors[:5]) or "it does not say why"
        more = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""  # noqa: PLR2004
        raise KibanaError(f"Kibana did not take the objects: {told}{more}", "see each reason; nothing was imported")
    results = answer.get("successResults", [])
    renamed = [each for each in results if each.get("destinationId", each["id"]) != each["id"]]
    moved = {each["id"]: each["destinationId"] for each in renamed}
    return Imported(int(answer.get("successCount", 0)), moved)


def remove(kibana: Kibana, objects: Sequence[SavedObject]) -> int:
    """Delete our objects, those that need others first; what is gone already is no error.

    Returns:
        How many were there.
    """
    wanted = [{"type": each.type, "id": each.id} for each in reversed(objects)]
    deleted = 0
    for begin in range(0, len(wanted), _MANY):
        answer = kibana.send("POST", "/api/saved_objects/_bulk_delete?force=true", wanted[begin : begin + _MANY])
        for status in answer.get("statuses", ()):
            problem = status.get("error", {})
            if not status.get("success") and problem.get("statusCode") != 404:  # noqa: PLR2004
                reason = visible(problem.get("message", ""), 200)
                raise KibanaError(f"cannot remove {status.get('type')} {visible(status.get('id'))}: {reason}", "")
            deleted += bool(status.get("success"))
    return deleted


def _sentence(error: Mapping[str, Any]) -> str:
    inner = error.get("error", {})
    who = f"{visible(error.get('type'))} {visible(error.get('id'))}"
    if inner.get("type") == "missing_references":
        references = inner.get("references", ())
        missing = ", ".join(f"{visible(each.get('type'))} {visible(each.get('id'))}" for each in references)
        return f"{who} needs {missing}, which is not there"
    reasons = {
        "conflict": "another object has its id",
        "ambiguous_conflict": "several objects could be the one to replace",
        "unsupported_type": "this Kibana has no such type",
    }
    return f"{who}: {reasons.get(inner.get('type'), visible(inner.get('message', inner.get('type')), 200))}"

"""A saved object: what stands in one line of the file that Kibana imports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CORE_MIGRATION_VERSION = "8.8.0"
"""In every export since 8.8; a Kibana of an older version refuses it."""

MIGRATION_VERSIONS = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "visualization": "8.5.0",
    "lens": "8.9.0",
    "dashboard": "8.9.0",
}
"""The lowest version whose shape is written here, per type: every Kibana from 8.10 on knows it and migrates upward.

Without one, Kibana runs every migration since 6.x, which fails on modern Lens panels; a higher one is refused with 422.
Source: exports of Kibana 8.10 to 9.x, and its sample data's.
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """What an object needs: the other's type and id, and the name by which it is meant."""

    type: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One saved object.

    Attributes:
        id: Stable, so that importing again replaces.
        attributes: As Kibana stores them: some values are JSON as text.
    """

    type: str
    id: str
    attributes: dict[str, Any]
    references: tuple[Reference, ...] = field(default=())

    def line(self) -> dict[str, Any]:
        """Return the object as it stands in the file, with the versions that say which shape it has."""
        return {
            "type": self.type,
            "id": self.id,
            "attributes": self.attributes,
            "references": [{"type": each.type, "id": each.id, "name": each.name} for each in self.references],
            "managed": False,
            "coreMigrationVersion": CORE_MIGRATION_VERSION,
            "typeMigrationVersion": MIGRATION_VERSIONS[self.type],
        }


def as_text(value: Any) -> str:
    """Write a value as the JSON text that Kibana keeps inside JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pack(objects: Sequence[SavedObject]) -> str:
    """Write objects as NDJSON, one a line, always the same for the same objects."""
    return "".join(json.dumps(each.line(), ensure_ascii=False, sort_keys=True) + "\n" for each in objects)

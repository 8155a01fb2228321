"""The ids of our objects in Kibana, and the options that the user has over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TYPES = {"views": "index-pattern", "searches": "search", "dashboards": "dashboard"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chooses.

    Attributes:
        prefix: What every id begins with.
        titles: Data view to the index pattern that takes the shipped one's place.
    """

    prefix: str = "wwwatch"
    titles: Mapping[str, str] = field(default_factory=dict)

    def view(self, name: str) -> str:
        """Return the id of a data view."""
        return f"{self.prefix}-{name}"

    def search(self, name: str) -> str:
        """Return the id of a saved search."""
        return f"{self.prefix}-search-{name}"

    def dashboard(self, name: str) -> str:
        """Return the id of a dashboard."""
        return f"{self.prefix}-dashboard-{name}"

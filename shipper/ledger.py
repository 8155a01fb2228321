"""What became of the lines: the figures that must add up."""

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Ledger:
    """Counts of lines, all of them acknowledged.

    Attributes:
        indexed: Written now.
        present: Already there, from a delivery whose acknowledgement never arrived.
        rejected: Refused by Elasticsearch for good; each is whole in the dead-letter file.
        unparsed: Of all of these, how many the format does not fit; they are kept with `error.message`.
        cut: Of all of these, how many were too long and are kept in part.
        skipped: Lines that hold no event, such as a log's own header lines; nothing is sent of them.
    """

    indexed: int = 0
    present: int = 0
    rejected: int = 0
    unparsed: int = 0
    cut: int = 0
    skipped: int = 0

    @property
    def lines(self) -> int:
        """Return how many lines are accounted for."""
        return self.indexed + self.present + self.rejected + self.skipped

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)

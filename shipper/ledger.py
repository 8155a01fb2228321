"""What became of the lines: the figures that must add up."""

from dataclasses import dataclass

from shipper.counts import Counts


@dataclass(frozen=True, slots=True)
class Ledger(Counts):
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

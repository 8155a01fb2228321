"""The demo's story: which attacks come, what became of each, and whether every line is accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.documents import Document
from simulator.live import Truth
from wwwatch.demo.mailbox import Mail

ATTACKS = ("flood", "bruteforce", "spray", "scan", "sqli")


@dataclass(slots=True)
class Attack:
    """One attack of the story and what became of it."""

    name: str
    truth: Truth | None = None
    mail: Mail | None = None

    @property
    def began(self) -> datetime | None:
        """Its first request."""
        return self.truth.first if self.truth else None

    @property
    def is_caught(self) -> bool:
        """Whether a mail told of it."""
        return self.mail is not None

    @property
    def delay_seconds(self) -> float | None:
        """From its first line to the mail."""
        return (self.mail.arrived - self.began).total_seconds() if self.mail and self.began else None

    @property
    def state(self) -> str:
        """Where it stands, in a word or two."""
        if self.mail:
            return "caught"
        if self.truth is None:
            return "to come"
        return "missed" if self.truth.done else "going on"


@dataclass(slots=True)
class Counts:
    """How far the lines got."""

    written: int = 0
    shipped: int = 0
    indexed: int = 0
    seen: int = 0
    verdicts: int = 0
    dead_letters: int = 0


@dataclass(slots=True)
class Story:
    """All that the demo shows."""

    attacks: list[Attack] = field(default_factory=lambda: [Attack(name) for name in ATTACKS])
    counts: Counts = field(default_factory=Counts)
    incidents: list[Document] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)

    def match(self, incidents: Sequence[Document], mails: Sequence[Mail]) -> None:
        """Say which mail tells of which attack: the first since it began whose incident names one of its addresses."""
        self.incidents, self.mails = list(incidents), list(mails)
        for attack in self.attacks:
            if attack.truth is None or attack.mail:
                continue
            ours = {each["wwwatch"]["incident"]["id"] for each in self.incidents if _names(each, attack.truth)}
            after = [mail for mail in self.mails if attack.began and mail.arrived >= attack.began]
            attack.mail = next((mail for mail in after if mail.incident in ours), None)

    @property
    def false_alarms(self) -> list[Mail]:
        """Mails that tell of nobody who attacked."""
        truths = [attack.truth for attack in self.attacks if attack.truth]
        true = {each["wwwatch"]["incident"]["id"] for each in self.incidents for truth in truths if _names(each, truth)}
        return [mail for mail in self.mails if mail.incident not in true]

    @property
    def begun(self) -> list[Attack]:
        """The attacks that took place."""
        return [attack for attack in self.attacks if attack.truth]

    @property
    def is_complete(self) -> bool:
        """Whether every line written is a document, and each was seen by the detector."""
        return self.counts.written == self.counts.indexed == self.counts.shipped and not self.counts.dead_letters

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost and no attack missed."""
        return self.is_complete and all(attack.is_caught for attack in self.begun)


def _names(incident: Document, truth: Truth) -> bool:
    return not set(truth.clients).isdisjoint(incident["source"]["address"])

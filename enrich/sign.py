"""What a class of attack signs is."""

from dataclasses import dataclass

from enrich.hints import looser

HOLE, LOOK, SHELL = "T1190", "T1595.003", "T1505.003"
"""MITRE ATT&CK techniques: exploiting a public-facing application, looking for files by name, web shells."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One class of attack signs.

    Attributes:
        name: Short word, used as a column name and in reasons.
        meaning: What a match suggests, as a clause.
        technique: MITRE ATT&CK technique.
        pattern: Rust regular expression over the twice-decoded, lower-case text.
        hint: A simpler expression that takes whatever the pattern takes; empty where `looser` finds one.
        unless: What a text that the pattern takes may be all the same, and is then no sign; empty for nothing.
        is_explicit: Whether one such request is an attack by itself, on whatever site. Others are ordinary where
            the site really has what was asked for: an administration panel has users.
        is_private: Whether only those who run such a thing ask for it: where it is refused, one request is a probe.
    """

    name: str
    meaning: str
    technique: str
    pattern: str
    hint: str
    unless: str = ""
    is_explicit: bool = False
    is_private: bool = False

    @property
    def guess(self) -> str:
        """Return the hint, or the pattern made looser."""
        return self.hint or looser(self.pattern)

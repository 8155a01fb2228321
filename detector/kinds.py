"""The kinds of anomaly: their words, MITRE ATT&CK techniques, and ECS categories."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of anomaly.

    Attributes:
        name: Keyword in documents.
        words: How a person calls it.
        technique: ATT&CK technique id and name, None where ATT&CK has none.
    """

    name: str
    words: str
    technique: tuple[str, str] | None


NORMAL = "normal"
KINDS = {
    kind.name: kind
    for kind in (
        Kind("dos", "denial of service", ("T1499", "Endpoint Denial of Service")),
        Kind("bruteforce", "password guessing", ("T1110.001", "Password Guessing")),
        Kind("spray", "password spraying", ("T1110.003", "Password Spraying")),
        Kind("scan", "scanning", ("T1595", "Active Scanning")),
        Kind("injection", "injection attempts", ("T1190", "Exploit Public-Facing Application")),
        Kind("scrape", "scraping", None),
        Kind("novel", "unusual behaviour", None),
    )
}
LOGIN_KINDS = frozenset({"bruteforce", "spray"})


def describe_threat(kind: str) -> dict[str, object]:
    """Return the ECS `threat` object of a kind, empty where ATT&CK has no technique for it."""
    technique = KINDS[kind].technique
    if technique is None:
        return {}
    return {"framework": "MITRE ATT&CK", "technique": {"id": [technique[0]], "name": [technique[1]]}}

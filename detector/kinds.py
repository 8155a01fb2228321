"""The kinds of anomaly: their words, MITRE ATT&CK techniques, and ECS categories."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of anomaly.

    Attributes:
        name: Keyword in documents.
        words: How a person calls it.
        technique: ATT&CK technique id and name, None where ATT&CK has none.
        evidence: What there must be before the classifier is believed: each pair is features and the least sum of their
            values. Taught on other sites, it may take a habit of theirs for the mark of an attack; this keeps it to
            what the kind means, and lets a verdict fall when its evidence is taken away.
        beyond_usual: Features that must also exceed this site's 99th percentile: where the login form answers every
            failure with 200, or hundreds log in each minute, failing logins are usual.
    """

    name: str
    words: str
    technique: tuple[str, str] | None
    evidence: tuple[tuple[tuple[str, ...], float], ...] = ()
    beyond_usual: tuple[str, ...] = ()


NORMAL = "normal"
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "dos",
            "denial of service",
            ("T1499", "Endpoint Denial of Service"),
            ((("client_peak_10s",), 60),),
        ),
        Kind("ddos", "distributed denial of service", ("T1498", "Network Denial of Service")),
        Kind(
            "bruteforce",
            "password guessing",
            ("T1110.001", "Password Guessing"),
            ((("client_login_failures",), 5),),
            ("client_login_failures",),
        ),
        Kind(
            "spray",
            "password spraying",
            ("T1110.003", "Password Spraying"),
            ((("login_failures",), 1), (("site_login_clients",), 5)),
            ("site_login_clients",),
        ),
        Kind("stuffing", "credential stuffing", ("T1110.004", "Credential Stuffing")),
        Kind(
            "scan",
            "scanning",
            ("T1595", "Active Scanning"),
            ((("client_missing_paths", "client_probes"), 6),),
        ),
        Kind(
            "injection",
            "injection attempts",
            ("T1190", "Exploit Public-Facing Application"),
            ((("client_exploits",), 3),),
        ),
        Kind("webshell", "web shell", ("T1505.003", "Web Shell")),
        Kind("scrape", "scraping", None, ((("client_requests",), 50),)),
        Kind("novel", "unusual behaviour", None),
    )
}
LOGIN_KINDS = frozenset({"bruteforce", "spray", "stuffing"})
FLOOD_KINDS = frozenset({"dos", "ddos"})
PROBING_KINDS = frozenset({"scan", "injection", "webshell"})


def describe_threat(kind: str) -> dict[str, object]:
    """Return the ECS `threat` object of a kind, empty where ATT&CK has no technique for it."""
    technique = KINDS[kind].technique
    if technique is None:
        return {}
    return {"framework": "MITRE ATT&CK", "technique": {"id": [technique[0]], "name": [technique[1]]}}

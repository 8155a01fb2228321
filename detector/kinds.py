"""The kinds of anomaly: their words, MITRE ATT&CK techniques, their evidence, and how much of it is much."""

from dataclasses import dataclass

Amount = tuple[tuple[tuple[str, float], ...], ...]
"""Groups of features, each with how much of it makes one unit of evidence. Of a group the largest counts, since its
features tell of the same requests; the groups add up."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of anomaly.

    Attributes:
        name: Keyword in documents.
        words: How a person calls it.
        technique: ATT&CK technique id and name, None where ATT&CK has none.
        amount: What there must be before the kind's learner is asked: one unit of evidence at least. Taught on other
            sites, it may take a habit of theirs for the mark of an attack; this keeps it to what the kind means, and
            lets a verdict fall when its evidence is taken away. Empty: no single session shows it.
        declared: What takes its place for user agents that call themselves a crawler, a feed reader or a monitor;
            empty: they are never called so.
        less: Features that take units of evidence away, each with how many.
        also: Features that must have at least this value besides.
        clues: Further features that its learner looks at, and which direction is hostile (1 more, -1 less).
        beyond_usual: Features that must also exceed this site's 99th percentile: where hundreds log in each minute,
            failing logins are usual.
        least: Units of evidence from which on there is a verdict; learners are shown all that have one.
        major, critical: Units of evidence from which on a certain verdict is major (score 50) and critical (75).
    """

    name: str
    words: str
    technique: tuple[str, str] | None
    amount: Amount = ()
    declared: Amount = ()
    less: tuple[tuple[str, float], ...] = ()
    also: tuple[tuple[str, float], ...] = ()
    clues: tuple[tuple[str, int], ...] = ()
    beyond_usual: tuple[str, ...] = ()
    least: float = 1.0
    major: float = 8.0
    critical: float = 80.0

    @property
    def evidence(self) -> tuple[str, ...]:
        """The features that its amount and what there must be besides are made of, each once."""
        counted = [name for group in (*self.amount, *self.declared) for name, _ in group]
        return tuple(dict.fromkeys([*counted, *(name for name, _ in self.also)]))

    @property
    def features(self) -> tuple[tuple[str, int], ...]:
        """All features that its learner looks at, and which direction is hostile."""
        return (*((name, 1) for name in self.evidence), *self.clues)


_PROGRAM = (("agent_tool", 1), ("agent_missing", 1), ("share_no_referrer", 1), ("client_linked_assets", -1))
"""What tells programs from people, whatever they do."""

FORGIVEN = 1.5
"""Units that one login forgives: people forget a password, try it up to fifteen times, and get in. A guesser who gets
in once after hundreds is one all the more, and of many people behind one address most get in."""

EXPLICIT = frozenset({"client_probes", "client_exploits", "agent_attack"})
"""Features that are an attack by themselves, on whatever site, and in a log that tells next to nothing besides."""

NORMAL = "normal"
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "dos",
            "denial of service",
            ("T1499", "Endpoint Denial of Service"),
            (
                (("client_peak_10s", 100), ("client_peak_60s", 400), ("client_same_10s", 40)),
                (("client_timeouts", 25),),
            ),
            clues=(*_PROGRAM, ("crowd", -1)),
            beyond_usual=("client_peak_10s",),
            major=2,
            critical=6,
        ),
        Kind("ddos", "distributed denial of service", ("T1498", "Network Denial of Service")),
        Kind(
            "bruteforce",
            "password guessing",
            ("T1110.001", "Password Guessing"),
            ((("client_login_failures", 10),), (("day_login_failures", 16),), (("denied_repeats", 20),)),
            ((("login_failures", 10),),),
            less=(("client_login_successes", FORGIVEN), ("day_login_successes", FORGIVEN)),
            clues=(*_PROGRAM, ("client_user_agents", 1), ("client_peak_60s", 1)),
            major=2.5,
            critical=15,
        ),
        Kind(
            "spray",
            "password spraying",
            ("T1110.003", "Password Spraying"),
            ((("site_login_clients", 8),),),
            ((("site_login_clients", 8),),),
            also=(("login_failures", 1),),
            clues=(*_PROGRAM, ("client_login_successes", -1)),
            beyond_usual=("site_login_clients",),
            major=3,
            critical=25,
        ),
        Kind("stuffing", "credential stuffing", ("T1110.004", "Credential Stuffing")),
        Kind(
            "scan",
            "scanning",
            ("T1595", "Active Scanning"),
            (
                (("client_probes", 1),),
                (("client_knocks", 2),),
                (("client_guessed_paths", 12),),
                (("day_probes", 3),),
                (("day_missing_paths", 40),),
                (("client_foreign_paths", 3),),
                (("client_same_answers", 40),),
                (("client_malformed", 5),),
                (("agent_attack", 1),),
            ),
            ((("client_probes", 3),),),
            clues=(*_PROGRAM, ("client_user_agents", 1)),
        ),
        Kind(
            "injection",
            "injection attempts",
            ("T1190", "Exploit Public-Facing Application"),
            ((("client_exploits", 1),),),
            ((("client_exploits", 3),),),
            clues=_PROGRAM,
        ),
        Kind(
            "webshell",
            "web shell attempts",
            ("T1505.003", "Web Shell"),
            ((("client_shells", 1),),),
            ((("client_shells", 3),),),
            clues=_PROGRAM,
        ),
        Kind(
            "scrape",
            "scraping",
            None,
            ((("client_pages", 40),),),
            clues=(
                ("client_unlinked_pages", 1),
                ("agent_tool", 1),
                ("agent_missing", 1),
                ("client_linked_assets", -1),
                ("client_user_agents", 1),
                ("client_peak_60s", 1),
            ),
            least=1.4,
            major=6,
            critical=100,
        ),
        Kind("novel", "unusual behaviour", None),
    )
}
LOGIN_KINDS = frozenset({"bruteforce", "spray", "stuffing"})
FLOOD_KINDS = frozenset({"dos", "ddos"})
PROBING_KINDS = frozenset({"scan", "injection", "webshell"})
LEARNT = tuple(kind.name for kind in KINDS.values() if kind.amount)
"""Kinds that a single session shows: each has a learner."""


def describe_threat(kind: str) -> dict[str, object]:
    """Return the ECS `threat` object of a kind, empty where ATT&CK has no technique for it."""
    technique = KINDS[kind].technique
    if technique is None:
        return {}
    return {"framework": "MITRE ATT&CK", "technique": {"id": [technique[0]], "name": [technique[1]]}}

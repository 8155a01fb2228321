"""What a mail says of many incidents: a digest of minor ones, or a summary in place of mails that were held."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.language.mustache import lookup
from alerts.mails.incident import KINDS, Incident, clock_time, describe_incident
from core.clock import parse_iso
from core.severity import BANDS
from core.text import visible

SHOWN_AT_MOST = 20

_RANKS = {label: rank for rank, (_, label) in enumerate(BANDS)}
_KINDS_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Several incidents in words; all text is safe to show.

    Attributes:
        total: How many there are, of which `incidents` are the worst and `more` are left out.
        worst: The gravest severity among them.
        kinds_words: How many of each kind.
        period: ``between … and …``; empty where unknown.
        headline: Of a summary.
        why: Of a summary: why these come in one mail.
    """

    total: int
    incidents: tuple[Incident, ...]
    more: int
    worst: str
    kinds_words: str
    period: str
    headline: str
    why: str

    @property
    def total_words(self) -> str:
        """How many, in words."""
        return f"{self.total:,} incident{'' if self.total == 1 else 's'}"


def describe_group(ctx: Mapping[str, Any]) -> Group | None:
    """Return the words for the incidents that are the payload; None when the payload is no such list.

    Args:
        ctx: A run's variables. The payload is a search's answer (`hits.total`, `hits.hits`); a summary adds `kinds`
            (how many of each), `since` and `until` (ISO times), `headline` and `reason` (sentences).
    """
    hits = lookup("payload.hits.hits", ctx)
    if not isinstance(hits, list):
        return None
    found = [each for hit in hits if (each := describe_incident({**ctx, "payload": hit})) is not None]
    if not found:
        return None
    found.sort(key=lambda each: (-_RANKS.get(each.severity, 0), -each.score))
    total = max(_count(ctx), len(found))
    start, end = (_moment(lookup(f"payload.{name}", ctx)) for name in ("since", "until"))
    headline = visible(lookup("payload.headline", ctx)) or f"{total:,} incidents, told together"
    return Group(
        total=total,
        incidents=tuple(found[:SHOWN_AT_MOST]),
        more=max(total - min(len(found), SHOWN_AT_MOST), 0),
        worst=found[0].severity,
        kinds_words=_kinds(lookup("payload.kinds", ctx), found),
        period=f"between {start} and {end}" if start and end else "",
        headline=headline,
        why=visible(lookup("payload.reason", ctx), 500) or "More mails than you allow would have gone out.",
    )


def _count(ctx: Mapping[str, Any]) -> int:
    total = lookup("payload.hits.total", ctx)
    total = total.get("value") if isinstance(total, Mapping) else total
    return total if isinstance(total, int) else 0


def _kinds(counted: Any, found: list[Incident]) -> str:
    counts = (
        Counter({visible(kind, 40): each for kind, each in counted.items() if isinstance(each, int)})
        if isinstance(counted, Mapping)
        else Counter(each.kind for each in found)
    )
    common = counts.most_common()
    words = [f"{count:,}x {KINDS.get(kind, kind)}" for kind, count in common[:_KINDS_AT_MOST]]
    left = sum(count for _, count in common[_KINDS_AT_MOST:])
    return ", ".join([*words, f"{left:,}x other"] if left else words)


def _moment(value: Any) -> str:
    try:
        return clock_time(parse_iso(str(value)))
    except ValueError:
        return ""

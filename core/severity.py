"""Severity bands of a score from 0 to 100, as Elastic's anomaly results have them."""

from bisect import bisect_right

BANDS = ((0.0, "warning"), (25.0, "minor"), (50.0, "major"), (75.0, "critical"))
"""Lower bounds (inclusive) and labels. Source: Elastic ML's anomaly severity levels."""

MAJOR = 50.0
"""The score from which on something is worth a mail."""


def severity_level(score: float) -> int:
    """Return the band of a score as a rank: 0 warning, 1 minor, 2 major, 3 critical."""
    return max(bisect_right([bound for bound, _ in BANDS], score) - 1, 0)


def whole_score(score: float) -> int:
    """Return a score as people read it: rounded down, so that 49.7 does not look like what begins at 50."""
    return int(score)


def severity_label(score: float) -> str:
    """Return the band of a score as a word."""
    return BANDS[severity_level(score)][1]

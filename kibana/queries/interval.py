"""Kibana's automatic interval of date histograms."""

from datetime import timedelta

BARS = 50
"""How many bars Kibana aims at. Source: its advanced setting histogram:barTarget."""

_ROUNDED = (
    (timedelta(milliseconds=500), "100ms"),
    (timedelta(seconds=5), "1s"),
    (timedelta(seconds=7.5), "5s"),
    (timedelta(seconds=15), "10s"),
    (timedelta(seconds=45), "30s"),
    (timedelta(minutes=3), "1m"),
    (timedelta(minutes=7.5), "5m"),
    (timedelta(minutes=20), "10m"),
    (timedelta(minutes=45), "30m"),
    (timedelta(hours=2), "1h"),
    (timedelta(hours=6), "3h"),
    (timedelta(hours=24), "12h"),
    (timedelta(weeks=1), "1d"),
    (timedelta(weeks=3), "7d"),
    (timedelta(weeks=6), "30d"),
)
"""Up to which raw interval which round one is taken. Source: Kibana's table for automatic intervals in Vega."""

_LONGEST = "365d"


def auto_interval(span: timedelta, bars: int = BARS) -> str:
    """Return the fixed interval for a time range, e.g. ``30m`` for a day.

    Args:
        span: The time range.
        bars: How many bars there should be about.
    """
    raw = span / bars
    return next((name for limit, name in _ROUNDED if raw <= limit), _LONGEST)

"""History: the sessions of a past period, from Elasticsearch."""

from collections.abc import Callable
from datetime import datetime

import polars as pl

from detector.events import EVENT_SCHEMA, attributable
from detector.features import features, prepare
from detector.feed import ChangeFeed


def read_sessions(feed: ChangeFeed, since: datetime, progress: Callable[[int], None] = lambda _: None) -> pl.DataFrame:
    """Read a period's requests and return its sessions.

    Args:
        feed: The index.
        since: Inclusive lower bound of the events' own time.
        progress: Told how many events each page brought.

    Returns:
        IDENTITY and features, one row per session.
    """
    pages = [pl.DataFrame(schema=EVENT_SCHEMA)]
    for events in feed.read_back(feed.now(), since):
        pages.append(attributable(events))
        progress(events.height)
    return features(prepare(pl.concat(pages)))

"""Labelled sessions to learn the kinds from: the simulator's, brought into the detector's event frame."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from detector.coldstart import Examples, cold_start, source_digest
from detector.events import complete
from detector.model import SessionModel
from detector.training import label_sessions, teach
from detector.verdicts import verdict_sessions

_MAY_BE_ABSENT = ("method", "url", "referrer", "user_agent", "domain")
PLAIN = ("flood", "bruteforce", "spray", "scan", "sqli", "scrape")
"""A few plain attacks, for small models; `lessons` has all of `simulator.ATTACKS`."""
SESSIONS = 1800
"""Visits and attack runs to learn from: some 370,000 requests, which train in seconds."""

SEED = 0
"""Of the model before any history."""


def labelled_events(seed: int, sessions: int = SESSIONS, attacks: Sequence[str] = PLAIN) -> pl.DataFrame:
    """Return simulated requests as a server's log would tell of them.

    Args:
        seed: The same seed gives the same requests.
        sessions: Visits and attack runs together.
        attacks: Names of the attacks among them.

    Returns:
        EVENT_SCHEMA and `kind`.
    """
    from simulator import labelled  # noqa: PLC0415 - a model that is there needs none

    return as_events(labelled(seed=seed, sessions=sessions, attacks=attacks))


def lessons(seed: int) -> pl.DataFrame:
    """Return the labelled requests, of every attack, that models are taught with."""
    from simulator import ATTACKS  # noqa: PLC0415 - a model that is there needs none

    return labelled_events(seed, SESSIONS, tuple(ATTACKS))


def as_events(traffic: pl.DataFrame, truth: Sequence[str] = ("kind",)) -> pl.DataFrame:
    """Bring the simulator's requests into EVENT_SCHEMA and their truth; times in whole seconds, as logs have them.

    Args:
        traffic: Columns of `simulator.SCHEMA`, e.g. a run's `traffic`.
        truth: Which of `kind`, `attack` and `actor` to keep.
    """
    absent = [pl.when(pl.col(name) != "-").then(pl.col(name)).alias(name) for name in _MAY_BE_ABSENT]
    events = traffic.with_columns(_as_logged(traffic["url"])).select(
        pl.col("time").dt.truncate("1s"), pl.col("client").alias("address"), "status", "bytes", *absent
    )
    return complete(events).hstack(traffic.select(truth))


def cold_model(
    cache: Path, *, now: datetime, seed: int = SEED, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, SessionModel]:
    """Return the digest and the model for a site without history (detector.coldstart), taught on the simulator.

    Args:
        cache: The settings' cache folder.
        now: For a new model's card.
        seed: Every random choice follows from it; the cache keeps one model.
        progress: Told of each step of building one.
    """
    spec = find_spec("simulator")  # to import it takes longer
    folders = spec.submodule_search_locations if spec else None
    made_by = source_digest(*map(Path, folders or ()))
    examples = Examples(lambda: lessons(seed), f"{made_by} {SESSIONS} of every attack", seed)
    return cold_start(cache, examples, now=now, progress=progress)


def taught_model(
    verdicts: Sequence[Mapping[str, Any]], *, now: datetime, seed: int = SEED, progress: Callable[[str], None]
) -> SessionModel | None:
    """Return a model that was taught on the simulator and on what she said of incidents; None where that is nothing.

    Args:
        verdicts: Documents of `wwwatch-verdicts`.
        now: For its card.
        seed: Every random choice follows from it.
        progress: Told of each step.
    """
    if not any("sample" in each for each in verdicts):
        return None
    progress("making labelled sessions")
    labelled_sessions = label_sessions(lessons(seed))
    hers = verdict_sessions(verdicts, labelled_sessions.schema)
    if hers.is_empty():
        return None
    model = teach(pl.concat([labelled_sessions, hers]), now=now, seed=seed, progress=progress)
    model.card["verdict_sessions"] = dict(hers.unique().group_by("kind").len().sort("kind").iter_rows())
    return model


def _as_logged(urls: pl.Series) -> pl.Series:
    """Return what a log holds in place of bytes that are no text, as in a TLS handshake on the plain port."""
    from simulator import escape_value  # noqa: PLC0415 - a model that is there needs none

    odd = urls.filter(urls.str.contains(r"[^\x20-\x7e]")).unique()
    return urls.replace(odd, [escape_value(url) for url in odd.to_list()]) if len(odd) else urls

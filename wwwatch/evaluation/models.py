"""The models that are evaluated beside the shipped one."""

from datetime import datetime

import polars as pl

from detector.model import SessionModel
from detector.packing import pack
from detector.training import label_sessions, teach
from wwwatch.examples import SEED, lessons


def simulated_lessons() -> pl.DataFrame:
    """Return the labelled sessions that the shipped model is taught on."""
    return label_sessions(lessons(SEED))


def taught_on(lessons: pl.DataFrame, extra: pl.DataFrame, now: datetime) -> tuple[str, SessionModel]:
    """Return the digest and a model that has seen labelled requests of real logs beside the simulator's.

    Args:
        lessons: From `simulated_lessons`.
        extra: EVENT_SCHEMA and `kind`.
        now: When this takes place, for the card.
    """
    model = teach(pl.concat([lessons, label_sessions(extra)]), now=now)
    return pack(model)[0], model

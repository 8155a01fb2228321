"""The models that are evaluated beside the shipped one."""

from datetime import datetime

import polars as pl

from detector.model import SessionModel
from detector.packing import pack
from detector.training import label_sessions, teach
from wwwatch.examples import SEED, labelled_events


def taught_on(extra: pl.DataFrame, now: datetime) -> tuple[str, SessionModel]:
    """Return the digest and a model that has seen labelled requests of real logs beside the simulator's.

    Args:
        extra: EVENT_SCHEMA and `kind`.
        now: When this takes place, for the card.
    """
    labelled = pl.concat([label_sessions(labelled_events(SEED)), label_sessions(extra)])
    model = teach(labelled, now=now)
    return pack(model)[0], model

"""The model that a scan judges with."""

from collections.abc import Callable

import polars as pl

from detector.context import Context
from detector.events import EVENT_SCHEMA
from detector.features import features, prepare
from detector.model import SessionModel
from detector.training import label_sessions, train
from wwwatch.examples import labelled_events
from wwwatch.roof import Roof

UNTRAINED = "cold start"


def scan_model(roof: Roof, digest: str | None, progress: Callable[[str], None]) -> tuple[str, SessionModel]:
    """Return the model to judge with, and its digest.

    Args:
        roof: Where the registry is, for a trained one.
        digest: Of a trained model; None for the one that needs no history.
        progress: Told of each step that takes its time.

    Raises:
        ModelError: There is no such model.
        StoreError: The registry could not be asked.
    """
    if digest:
        from detector.registry import load_model  # noqa: PLC0415 - most scans need no Elasticsearch

        with roof.es() as client:
            return load_model(client, digest)
    progress("learning what attacks look like")
    history = features(prepare(pl.DataFrame(schema=EVENT_SCHEMA)), Context.empty())
    return UNTRAINED, train(label_sessions(labelled_events(0)), history, now=roof.clock.now())

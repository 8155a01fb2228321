"""The model that a scan judges with."""

from collections.abc import Callable

from detector.model import SessionModel
from wwwatch.examples import cold_model
from wwwatch.roof import Roof


def scan_model(roof: Roof, digest: str | None, progress: Callable[[str], None]) -> tuple[str, SessionModel]:
    """Return the model to judge with, and its digest.

    Args:
        roof: Where the registry is, for a trained one.
        digest: Of a trained model; None for the one that needs no history.
        progress: Told of each step that takes its time: at first use the model is built.

    Raises:
        ModelError: There is no such model.
        StoreError: The registry could not be asked.
    """
    if digest:
        from detector.registry import load_model  # noqa: PLC0415 - most scans need no Elasticsearch

        with roof.es() as client:
            return load_model(client, digest)
    return cold_model(roof.settings.cache, now=roof.clock.now(), progress=progress)

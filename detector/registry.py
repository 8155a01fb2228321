"""The model registry in Elasticsearch: bytes, card, and which model is live.

A model is a joblib file, and loading one is running code: it is unpickled only when the SHA-256 of its bytes is the
digest that the registry's live pointer or the user names.
"""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch

from core.client import es_errors, require_index
from core.clock import iso_millis
from core.documents import MODELS, STATE
from core.errors import ModelError, StoreMissingError
from detector import packing
from detector.model import SessionModel
from detector.packing import HINT, pack

log = logging.getLogger(__name__)

LIVE = "live-model"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A stored model, without its bytes."""

    digest: str
    created: str
    card: dict[str, Any]
    is_live: bool


def save_model(client: Elasticsearch, model: SessionModel, *, now: datetime, live: bool = True) -> str:
    """Store a model and, unless told otherwise, make it the live one; return its digest.

    Raises:
        StoreError: `wwwatch setup` did not run yet, or Elasticsearch refused or did not answer.
    """
    digest, data = pack(model)
    stored = {"digest": digest, "bytes": base64.b64encode(data).decode("ascii"), "created": iso_millis(now)}
    document = {"@timestamp": iso_millis(now), "wwwatch": {"model": {**stored, "card": model.card}}}
    require_index(client, MODELS)
    with es_errors("store the model"):
        client.index(index=MODELS, id=digest, document=document, refresh=True)
    if live:
        set_live(client, digest, now=now)
    return digest


def set_live(client: Elasticsearch, digest: str, *, now: datetime) -> None:
    """Point the registry at another stored model; a detector takes it up at its next start."""
    with es_errors("look for the model"):
        if not (digest and client.exists(index=MODELS, id=digest)):
            raise ModelError(f"there is no model {digest[:12]}…", HINT)
    state = {"kind": LIVE, "value": {"digest": digest}}
    require_index(client, STATE)
    with es_errors("make the model the live one"):
        client.index(index=STATE, id=LIVE, document={"@timestamp": iso_millis(now), "wwwatch": {"state": state}})


def live_digest(client: Elasticsearch) -> str | None:
    """Return the digest of the live model, None where none was ever trained."""
    try:
        with es_errors("ask which model is live"):
            answer = client.get(index=STATE, id=LIVE)
    except StoreMissingError:
        return None
    return str(answer["_source"]["wwwatch"]["state"]["value"]["digest"])


def load_model(client: Elasticsearch, digest: str | None = None) -> tuple[str, SessionModel]:
    """Load a model.

    Args:
        client: The cluster with the registry.
        digest: The pinned digest; None takes the live model's.

    Returns:
        The digest and the model.

    Raises:
        ModelError: There is no such model, or its bytes do not have the digest.
    """
    wanted = digest or live_digest(client)
    if wanted is None:
        raise ModelError("there is no trained model yet", "run `wwwatch train`")
    try:
        with es_errors("read the model"):
            stored = client.get(index=MODELS, id=wanted)["_source"]["wwwatch"]["model"]
    except StoreMissingError:
        raise ModelError(f"there is no model {wanted[:12]}…", HINT) from None
    return wanted, unpack(stored["bytes"], wanted)


def load_or_begin(
    client: Elasticsearch, begin: Callable[[], SessionModel], *, now: datetime
) -> tuple[str, SessionModel]:
    """Load the live model; where there is none yet, begin with one that knows no history, and make it the live one.

    A live model without history that an earlier version made is replaced by this version's; one that was trained on
    history is refused, for only a training can replace it.

    Args:
        client: The cluster with the registry.
        begin: Returns the model for a site without history (detector.coldstart).
        now: When it is stored.

    Returns:
        The digest and the model; `knows_history(model.card)` tells which of both it is.

    Raises:
        ModelError: The live model is of another version, or was changed.
    """
    live = live_digest(client)
    if live is not None:
        try:
            return load_model(client, live)
        except ModelError as error:
            card = _card(client, live)
            if card is None or knows_history(card):
                raise
            log.warning("%s; a new one without history takes its place", error.what)
    model = begin()
    return save_model(client, model, now=now), model


def _card(client: Elasticsearch, digest: str) -> dict[str, Any] | None:
    try:
        with es_errors("read the model's card"):
            found = client.get(index=MODELS, id=digest, source_includes=["wwwatch.model.card"])
    except StoreMissingError:
        return None
    card: dict[str, Any] = found["_source"]["wwwatch"]["model"]["card"]
    return card


def knows_history(card: dict[str, Any]) -> bool:
    """Say whether a model's card tells of a site's own history."""
    return bool(card.get("history_sessions"))


def unpack(encoded: str, digest: str) -> SessionModel:
    """Return the model in base64-encoded bytes (detector.packing.unpack).

    Raises:
        ModelError: The bytes have another digest, or are no model of this version.
    """
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error among them
        data = b""
    return packing.unpack(data, digest)


def list_models(client: Elasticsearch, size: int = 50) -> list[ModelEntry]:
    """Return the newest stored models, newest first."""
    live = live_digest(client)
    with es_errors("list the models"):
        answer = client.search(
            index=MODELS,
            size=size,
            sort=[{"@timestamp": "desc"}],
            source_excludes=["wwwatch.model.bytes"],
            ignore_unavailable=True,
        )
    found = [hit["_source"]["wwwatch"]["model"] for hit in answer["hits"]["hits"]]
    return [ModelEntry(m["digest"], m["created"], m["card"], m["digest"] == live) for m in found]

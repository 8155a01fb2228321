"""A model as bytes, and back: unpickling is running code, so it takes the digest that somebody vouches for."""

import hashlib
import io
import pickle
import zlib
from dataclasses import fields

import joblib

from core.errors import ModelError
from detector.model import SessionModel
from detector.table import NAMES

HINT = "run `wwwatch train`, or name another digest (`wwwatch models`)"

_UNREADABLE = (
    *(AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError),
    *(pickle.UnpicklingError, zlib.error),
)
"""What unpickling answers to classes that are gone and to bytes that are no pickle."""


def pack(model: SessionModel) -> tuple[str, bytes]:
    """Return the SHA-256 of a model's bytes, and the bytes: a compressed joblib file."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=3)
    return hashlib.sha256(buffer.getvalue()).hexdigest(), buffer.getvalue()


def unpack(data: bytes, digest: str) -> SessionModel:
    """Verify a model's bytes against a digest, and only then unpickle them.

    Raises:
        ModelError: The bytes have another digest, or are no model of this version.
    """
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelError(f"the stored model {digest[:12]}… was changed: its bytes have another SHA-256", HINT)
    try:
        model = joblib.load(io.BytesIO(data))
    except _UNREADABLE as error:
        raise ModelError(f"model {digest[:12]}… is of another version: {error}", "run `wwwatch train`") from None
    if not isinstance(model, SessionModel):
        raise ModelError(f"model {digest[:12]}… holds a {type(model).__name__}", HINT)
    absent = [each.name for each in fields(SessionModel) if not hasattr(model, each.name)]
    if absent:
        raise ModelError(f"model {digest[:12]}… is of another version: it has no {absent[0]}", "run `wwwatch train`")
    if model.names != NAMES:
        fact = f"it was trained on {len(model.names)} features, this version computes {len(NAMES)}"
        raise ModelError(f"model {digest[:12]}… does not fit: {fact}", "run `wwwatch train`")
    return model

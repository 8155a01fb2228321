"""A stored model is unpickled only when its bytes are the pinned ones."""

import base64
import hashlib
import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest

from core.errors import ModelError
from detector.model import SessionModel
from detector.registry import unpack


class Bomb:
    """Unpickling it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def packed(thing: object) -> tuple[str, str]:
    """Return the base64 text and the digest of a pickled thing."""
    buffer = io.BytesIO()
    joblib.dump(thing, buffer, compress=3)
    return base64.b64encode(buffer.getvalue()).decode(), hashlib.sha256(buffer.getvalue()).hexdigest()


def encoded(data: bytes) -> tuple[str, str]:
    return base64.b64encode(data).decode(), hashlib.sha256(data).hexdigest()


def test_a_model_and_back(model: SessionModel) -> None:
    text, digest = packed(model)
    row = model.usual_high[np.newaxis]
    assert unpack(text, digest).score(row).tolist() == model.score(row).tolist()


def test_bytes_with_another_digest_are_not_unpickled(tmp_path: Path) -> None:
    proof = tmp_path / "touched"
    text, digest = packed(Bomb(proof))
    with pytest.raises(ModelError, match="another SHA-256"):
        unpack(text, "0" * 64)
    assert not proof.exists()
    with pytest.raises(ModelError):  # the same bytes under their own digest do touch it: the proof is a proof
        unpack(text, digest)
    assert proof.exists()


def test_one_changed_byte_is_enough(model: SessionModel) -> None:
    text, digest = packed(model)
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    with pytest.raises(ModelError, match="another SHA-256"):
        unpack(base64.b64encode(data).decode(), digest)


@pytest.mark.parametrize("text", ["", "no base64 !", "AAAA=A", "é"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="another SHA-256"):
        unpack(text, "0" * 64)


@pytest.mark.parametrize("thing", [{"a": 1}, None, "SessionModel", SessionModel], ids=str)
def test_what_is_no_model_is_refused(thing: object) -> None:
    with pytest.raises(ModelError, match="holds a"):
        unpack(*packed(thing))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\x80\x05garbage",
        b"x\x9cgarbage",
        pickle.dumps(list(range(100)))[:-20],
        b"cdetector.model\nGoneModel\n.",
        b"cgone.module\nModel\n.",
    ],
)
def test_garbage_under_its_own_digest_is_one_sentence(data: bytes) -> None:
    with pytest.raises(ModelError, match="wwwatch train"):
        unpack(*encoded(data))


def test_a_model_of_a_version_that_knew_less_is_one_sentence(model: SessionModel) -> None:
    older = object.__new__(SessionModel)
    older.names = model.names
    with pytest.raises(ModelError, match="of another version"):
        unpack(*packed(older))

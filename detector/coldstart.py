"""Cold start: a model before any history exists, built once from labelled examples, and kept in a cache.

The cache holds a pickle, and unpickling is running code. A digest beside it would be no pin against somebody who can
write both, so the file is believed for the reason that a shell believes its start-up files: folder and file belong to
this user, and nobody else may write them. The digest inside the file only finds what was cut short or damaged. Where
the cache cannot be kept so (a read-only container, a foreign folder), the model is built in memory.
"""

import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from core.errors import ModelError
from detector.model import SessionModel
from detector.packing import pack, unpack
from detector.training import label_sessions, teach

log = logging.getLogger(__name__)

FOLDER = "models"
_PREFIX, _SUFFIX = "cold-", ".model"
_DIGEST = 64
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled requests to teach from; the roof passes them in, for detection knows no simulator.

    Attributes:
        make: Returns EVENT_SCHEMA and `kind`.
        key: Changes whenever what `make` returns does.
        seed: Every random choice follows from it.
    """

    make: Callable[[], pl.DataFrame]
    key: str
    seed: int = 0


def cold_start(
    cache: Path, examples: Examples, *, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, SessionModel]:
    """Return the model for a site without history: the cached one, else a new one, which takes some seconds.

    Args:
        cache: The settings' cache folder; the model lies in `models` below it, mode 0600 in a folder of mode 0700.
        examples: What to teach from.
        now: For the card of a new one.
        progress: Told of each step of building one.

    Returns:
        The digest and the model.
    """
    folder = cache / FOLDER
    path = folder / f"{_PREFIX}{_key(examples)}{_SUFFIX}"
    found = _read(path)
    if found is not None:
        return found
    progress("making labelled sessions")
    model = teach(label_sessions(examples.make()), now=now, seed=examples.seed, progress=progress)
    digest, data = pack(model)
    try:
        _write(path, digest.encode() + data)
    except OSError as error:
        log.info("the cold-start model is not cached: %s: %s", folder, error.strerror)
    return digest, model


def source_digest(*folders: Path) -> str:
    """Return the SHA-256 of all Python and JSON files in some folders: a model is as new as what made it."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".json"}):
            total.update(f"{path.relative_to(folder)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _key(examples: Examples) -> str:
    import enrich  # noqa: PLC0415 - only its place is needed

    rooms = [Path(__file__).parent, Path(next(iter(enrich.__path__)))]
    made_by = (
        version("wwwatch"),
        version("scikit-learn"),
        pl.__version__,
        examples.key,
        str(examples.seed),
        source_digest(*rooms),
    )
    return hashlib.sha256("\0".join(made_by).encode()).hexdigest()[:32]


def _read(path: Path) -> tuple[str, SessionModel] | None:
    try:
        if not _is_ours(path.parent.lstat()):
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - pathlib opens no descriptor
            data = file.read() if _is_ours(os.fstat(descriptor)) else b""
    except OSError:
        return None
    digest = data[:_DIGEST].decode("ascii", "replace")
    try:
        return digest, unpack(data[_DIGEST:], digest)
    except ModelError:
        return None


def _write(path: Path, data: bytes) -> None:
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(folder.lstat()):
        raise PermissionError(0, "the folder is not this user's alone")
    descriptor, temporary = tempfile.mkstemp(dir=folder)  # mode 0600
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - pathlib opens no descriptor
            file.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    for old in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        if old != path:
            old.unlink(missing_ok=True)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE and not stat.S_ISLNK(found.st_mode)

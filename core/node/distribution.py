"""The server itself: one exact build, downloaded once, proved by its digest, unpacked once and shared by every node."""

import hashlib
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock

from core.errors import NodeError

log = logging.getLogger(__name__)

VERSION = "8.18.0"
GROUP = "org.elasticsearch.distribution.integ-test-zip"
ZIP_NAME = f"elasticsearch-{VERSION}.zip"
ZIP_BYTES = 96_598_502
ZIP_SHA512 = (
    "cabbc71210011ceaf9be6b9b28f3945751e5a6de0cb3d77a407cf9b2e692efed"
    "c61a532ecefac28d93d0f4bca826cca614a1d6f892876308f4b561caae455822"
)
_MAVEN_COPY = Path("~/.m2/repository", *GROUP.split("."), "elasticsearch", VERSION, ZIP_NAME)
PARTIAL = "partial-"
"""How the names of folders begin whose making is under way."""

Progress = Callable[[int, int], None]
"""Called while downloading with the bytes so far and in all."""


def install(cache: Path, progress: Progress | None = None, repository: str | None = None) -> Path:
    """Return the unpacked server, downloading and unpacking it when the cache has none.

    Several processes may call this at once: one works, the others wait for it.

    Args:
        cache: Folder that keeps it; made when missing.
        progress: Told how the download goes.
        repository: Maven repository to download from; default: the resolver's own.

    Raises:
        NodeError: No network, the wrong bytes, no room, or the resolver is not installed.
    """
    home = cache / f"elasticsearch-{VERSION}"
    if home.is_dir():
        return home
    with locked(cache):
        if not home.is_dir():
            _unpack(_find_zip(cache) or _download(cache, progress, repository), home)
            (cache / ZIP_NAME).unlink(missing_ok=True)
    return home


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Hold the cache's lock, so that two processes at once do not do the same work.

    Raises:
        NodeError: The folder cannot be made or written.
    """
    lock = FileLock(cache / "lock")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise NodeError(f"cannot write the download folder {cache}: {error.strerror}", "set WWWATCH_CACHE") from None
    try:
        for left in cache.glob(f"{PARTIAL}*"):  # of one that was killed: whoever holds the lock is alone
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def is_genuine(path: Path) -> bool:
    """Say whether a file is, byte for byte, the build that we know."""
    if not path.is_file() or path.stat().st_size != ZIP_BYTES:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha512").hexdigest() == ZIP_SHA512


def _find_zip(cache: Path) -> Path | None:
    own = cache / ZIP_NAME
    if own.exists() and not is_genuine(own):
        raise NodeError(f"{own} is not the expected file: its SHA-512 differs", "delete it and try again")
    return own if own.exists() else _maven_copy()


def _maven_copy() -> Path | None:
    try:
        path = _MAVEN_COPY.expanduser()
    except RuntimeError:  # a container's user without a home
        return None
    return path if is_genuine(path) else None


def _download(cache: Path, progress: Progress | None, repository: str | None) -> Path:
    # The resolver writes its target in place and without a lock: so into a folder of its own, proved, and then renamed.
    with tempfile.TemporaryDirectory(dir=cache, prefix=PARTIAL) as folder:
        found = _resolve(Path(folder), cache, progress, repository)
        if not is_genuine(found):
            raise NodeError(
                f"the downloaded {ZIP_NAME} is not the expected file: its SHA-512 differs",
                "try again; if it stays so, look at the proxy or mirror in between",
            )
        return Path(shutil.move(found, cache / ZIP_NAME))


def _resolve(folder: Path, cache: Path, progress: Progress | None, repository: str | None) -> Path:
    try:
        import requests  # noqa: PLC0415 - part of the `embedded` extra
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - part of the `embedded` extra
    except ImportError:
        raise missing_extra() from None
    remote = {"given": repository} if repository else None
    context = MavenContext(PythonResolver(progress_callback=_adapt(progress)), folder, [], remote, timeout=30)
    artifact = context.project(GROUP, "elasticsearch").at_version(VERSION).artifact(packaging="zip")
    log.info("downloading Elasticsearch %s, %d MB", VERSION, ZIP_BYTES // 1_000_000)
    try:
        return Path(artifact.resolve())
    except (requests.RequestException, RuntimeError, OSError) as error:
        log.debug("download", exc_info=True)
        raise NodeError(
            f"cannot download Elasticsearch {VERSION} ({type(error).__name__})",
            f"check the network or proxy, or put {ZIP_NAME} into {cache}",
        ) from None


def missing_extra() -> NodeError:
    """Return the error that says how to get what the embedded node needs."""
    return NodeError("the embedded Elasticsearch is not installed", "run `pip install 'wwwatch[embedded]'`")


def _adapt(progress: Progress | None) -> Callable[[str, int], AbstractContextManager[Callable[[int], None]]] | None:
    if progress is None:
        return None

    @contextmanager
    def callback(name: str, total: int) -> Iterator[Callable[[int], None]]:
        del name
        done = 0

        def update(count: int) -> None:
            nonlocal done
            done += count
            progress(done, total)

        yield update

    return callback


def _unpack(archive: Path, home: Path) -> None:
    log.info("unpacking Elasticsearch %s into %s", VERSION, home)
    try:
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=PARTIAL) as folder:
            with zipfile.ZipFile(archive) as file:
                file.extractall(folder)
            tree = Path(folder, home.name)
            make_readable(tree)
            tree.rename(home)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NodeError(
            f"cannot unpack Elasticsearch into {home}: {reason}", "make room or set WWWATCH_CACHE"
        ) from None


def make_readable(tree: Path) -> None:
    """Let every user read a tree whatever the umask was: root's node runs as another user."""
    for folder, _, names in os.walk(tree):
        Path(folder).chmod(0o755)
        for path in (Path(folder, name) for name in names):
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)

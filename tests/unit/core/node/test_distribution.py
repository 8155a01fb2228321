"""The download: only the one known build is taken, once, whatever goes wrong on the way."""

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import NodeError
from core.node import distribution
from core.node.distribution import ZIP_NAME, install


class Repository(ThreadingHTTPServer):
    """A Maven repository on the loopback that serves one body for every artifact."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = b""
        self.status = 200
        self.promised = 0
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers with the repository's body."""

    server: Repository

    def do_GET(self) -> None:
        is_zip = self.path.endswith(".zip")
        if is_zip:
            self.server.asked.append(self.path)
        body = self.server.body
        self.send_response(self.server.status if is_zip else 404)
        self.send_header("Content-Length", str(self.server.promised or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    """A repository that runs for one test."""
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_maven_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the copy that Maven may have in the home folder, and any proxy."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def small_build(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A tiny build that is the expected one for this test."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("elasticsearch-8.18.0/lib/server.jar", "bytes")
    body = buffer.getvalue()
    monkeypatch.setattr(distribution, "ZIP_BYTES", len(body))
    monkeypatch.setattr(distribution, "ZIP_SHA512", hashlib.sha512(body).hexdigest())
    return body


def remains(cache: Path) -> set[str]:
    """Return what a failed installation left, except the lock."""
    return {path.name for path in cache.iterdir()} - {"lock"}


def test_several_at_once_download_once(repository: Repository, small_build: bytes, tmp_path: Path) -> None:
    """All get the same folder, the archive is fetched once and not kept."""
    repository.body = small_build
    cache = tmp_path / "cache"

    with ThreadPoolExecutor(4) as pool:
        homes = set(pool.map(lambda _: install(cache, repository=repository.url), range(4)))

    assert homes == {cache / "elasticsearch-8.18.0"}
    assert (homes.pop() / "lib/server.jar").read_text() == "bytes"
    assert len(repository.asked) == 1
    assert remains(cache) == {"elasticsearch-8.18.0"}


def test_progress_ends_at_the_whole(repository: Repository, small_build: bytes, tmp_path: Path) -> None:
    """The last call says that all bytes are there."""
    repository.body = small_build
    seen: list[tuple[int, int]] = []

    install(tmp_path / "cache", lambda done, total: seen.append((done, total)), repository.url)

    assert seen[-1] == (len(small_build), len(small_build))


def test_every_user_can_read_what_was_unpacked(small_build: bytes, tmp_path: Path) -> None:
    """An archive put into the cache by hand is used, and the installation is open to the node's user."""
    (tmp_path / ZIP_NAME).write_bytes(small_build)

    home = install(tmp_path, repository="http://127.0.0.1:9")

    assert home.stat().st_mode & 0o777 == 0o755
    assert (home / "lib/server.jar").stat().st_mode & 0o777 == 0o644


def test_maven_copy_is_used(small_build: bytes, tmp_path: Path) -> None:
    """A genuine copy in Maven's own cache saves the download and stays where it is."""
    copy = (
        tmp_path / "home/.m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch/8.18.0" / ZIP_NAME
    )
    copy.parent.mkdir(parents=True)
    copy.write_bytes(small_build)

    assert install(tmp_path / "cache", repository="http://127.0.0.1:9").is_dir()
    assert copy.exists()


@pytest.mark.parametrize("same_size", [True, False])
def test_wrong_download_is_refused(
    repository: Repository, small_build: bytes, tmp_path: Path, *, same_size: bool
) -> None:
    """One changed byte, or one more, and nothing of it stays."""
    repository.body = small_build[:-1] + b"!" if same_size else small_build + b"!"

    with pytest.raises(NodeError, match="SHA-512 differs: try again"):
        install(tmp_path / "cache", repository=repository.url)
    assert remains(tmp_path / "cache") == set()


def test_wrong_file_in_the_cache_is_named(tmp_path: Path) -> None:
    """A doctored archive put there by hand is not unpacked."""
    (tmp_path / ZIP_NAME).write_bytes(b"doctored")

    with pytest.raises(NodeError, match=f"{tmp_path / ZIP_NAME} is not the expected file.*delete it"):
        install(tmp_path)


def test_no_network_says_how_to_go_on(tmp_path: Path) -> None:
    """A repository that nobody listens at."""
    with pytest.raises(NodeError, match=f"cannot download.*put {ZIP_NAME} into {tmp_path}"):
        install(tmp_path, repository="http://127.0.0.1:9")
    assert remains(tmp_path) == set()


def test_repository_without_it(repository: Repository, tmp_path: Path) -> None:
    """A mirror that answers 404."""
    repository.status = 404

    with pytest.raises(NodeError, match="cannot download"):
        install(tmp_path, repository=repository.url)


def test_connection_lost_on_the_way(repository: Repository, small_build: bytes, tmp_path: Path) -> None:
    """Fewer bytes than promised."""
    repository.body = small_build[:-10]
    repository.promised = len(small_build)

    with pytest.raises(NodeError, match=r"cannot download|SHA-512 differs"):
        install(tmp_path, repository=repository.url)
    assert remains(tmp_path) == set()


def test_remains_of_a_killed_download_are_cleared(small_build: bytes, tmp_path: Path) -> None:
    """The next installation throws them away."""
    (tmp_path / "partial-x").mkdir()
    (tmp_path / ZIP_NAME).write_bytes(small_build)

    install(tmp_path)

    assert remains(tmp_path) == {"elasticsearch-8.18.0"}


def test_missing_extra_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the resolver the error says what to install."""
    monkeypatch.setitem(sys.modules, "jgo.maven", None)

    with pytest.raises(NodeError, match=r"pip install 'wwwatch\[embedded\]'"):
        install(tmp_path)


def test_cache_that_is_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made."""
    (tmp_path / "file").touch()

    with pytest.raises(NodeError, match=r"cannot write the download folder.*WWWATCH_CACHE"):
        install(tmp_path / "file" / "cache")

"""The embedded node: that it is the real server, says why when it cannot start, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from elasticsearch import Elasticsearch

from core.client import connect
from core.errors import NodeError
from core.node import EmbeddedNode, StartOptions, running_url, start, status, stop
from core.settings import EsSettings, NodeSettings, Settings

pytestmark = pytest.mark.es

GONE_SECONDS = 30
"""How long a test waits for a process to end before it fails."""


@dataclass(frozen=True)
class Kept:
    """A node that keeps its data, and where."""

    node: EmbeddedNode
    data: Path
    state: Path
    cache: Path
    first_url: str


@pytest.fixture(scope="module")
def cache() -> Path:
    """The shared downloads."""
    return Settings().cache


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that the node's user can reach also when the tests run as root: pytest closes its own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        folder = Path(name) / "dätä 日本 😀"
        folder.mkdir(mode=0o755)
        yield folder


@pytest.fixture(autouse=True)
def own_temporary_folder(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let temporary nodes, and those of child processes, lie where this module clears up."""
    monkeypatch.setenv("TMPDIR", str(open_folder))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture(scope="module")
def kept(open_folder: Path, cache: Path) -> Iterator[Kept]:
    """A node that was first run detached, got a document, was stopped, and runs again on the same data."""
    data, state = open_folder / "data", open_folder / "state"
    first = start(NodeSettings(data=data), cache=cache, state=state)
    assert first.url is not None
    with connect(EsSettings(url=first.url)) as client:
        client.index(index="kept", id="1", document={"message": "still here"})
    assert stop(state)
    with EmbeddedNode(NodeSettings(data=data), cache=cache, state=state) as node:
        yield Kept(node, data, state, cache, first.url)


def test_client_stores_and_finds_a_document(es: Elasticsearch, namespace: str) -> None:
    """Write and read through the session's node."""
    es.index(index=namespace, id="1", document={"message": "hello"}, refresh=True)

    assert es.search(index=namespace)["hits"]["hits"][0]["_source"] == {"message": "hello"}


def test_data_is_kept_between_starts(kept: Kept) -> None:
    """Also in a folder with spaces and foreign letters."""
    with connect(EsSettings(url=kept.node.url)) as client:
        assert client.get(index="kept", id="1")["_source"] == {"message": "still here"}


def test_address_is_the_same_as_last_time(kept: Kept) -> None:
    """Where its port is still free: whoever talked to it goes on."""
    assert kept.node.url == kept.first_url


def test_other_processes_find_it(kept: Kept) -> None:
    """By the state folder."""
    assert running_url(kept.state) == kept.node.url
    assert status(kept.state).is_ready


def test_it_listens_on_this_machine_alone(kept: Kept) -> None:
    """It has no passwords: so nobody else may reach it."""
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(kept.node.record.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_empty_start_forgets_what_was_kept(open_folder: Path, cache: Path) -> None:
    """Also where the data lies elsewhere than the state, as root's does."""
    settings, state = NodeSettings(), open_folder / "emptied"
    for options, found in ((StartOptions(), False), (StartOptions(), True), (StartOptions(empty=True), False)):
        with (
            EmbeddedNode(settings, cache=cache, state=state, options=options) as node,
            connect(EsSettings(url=node.url)) as client,
        ):
            assert bool(client.indices.exists(index="kept")) is found
            client.index(index="kept", id="1", document={})


def test_second_start_for_the_same_state_is_refused(kept: Kept) -> None:
    """It names the one that runs."""
    with pytest.raises(NodeError, match=f"runs already .{kept.node.url}.*es stop"):
        start(NodeSettings(), cache=kept.cache, state=kept.state)


def test_data_folder_in_use(kept: Kept, tmp_path: Path) -> None:
    """Elasticsearch's own lock, in our words."""
    settings = NodeSettings(data=kept.data)

    with pytest.raises(NodeError, match=r"data folder .* is in use by another node: stop it"):
        EmbeddedNode(settings, cache=kept.cache, state=tmp_path).__enter__()
    assert running_url(kept.state) == kept.node.url


def test_port_taken(kept: Kept, tmp_path: Path) -> None:
    """By the other node's real socket."""
    port = int(kept.node.url.rpartition(":")[2])
    settings = NodeSettings(port=port)

    with pytest.raises(NodeError, match=f"port {port} is taken: choose another"):
        EmbeddedNode(settings, cache=kept.cache, state=tmp_path, temporary=True).__enter__()


def refused(cache: Path, state: Path, *java_options: str, heap: str = "512m", ready_seconds: float = 120) -> str:
    """Try to start a temporary node, and return why it does not; nothing of it may be left running."""
    before = {child.pid for child in psutil.Process().children()}
    options = StartOptions(java_options=java_options, ready_seconds=ready_seconds)
    node = EmbeddedNode(NodeSettings(heap=heap), cache=cache, state=state, temporary=True, options=options)
    with pytest.raises(NodeError) as caught:
        node.__enter__()
    assert {child.pid for child in psutil.Process().children()} == before
    return str(caught.value)


def test_heap_beyond_the_free_memory(cache: Path, tmp_path: Path) -> None:
    """Found before anything is started."""
    assert "too little free memory for a Java heap of 90000g" in refused(cache, tmp_path, heap="90000g")


def test_heap_that_java_cannot_reserve(cache: Path, tmp_path: Path) -> None:
    """Found by the JVM."""
    assert "too little free memory" in refused(cache, tmp_path, "-Xmx90000g")


def test_limits_of_the_machine(cache: Path, tmp_path: Path) -> None:
    """Elasticsearch's bootstrap checks, provoked by a heap that may grow."""
    reason = refused(cache, tmp_path, "-Des.enforce.bootstrap.checks=true", "-Xms256m")

    assert "this machine refuses Elasticsearch: " in reason
    assert "initial heap size [268435456] not equal to maximum heap size [536870912]" in reason


def test_option_that_java_does_not_know(cache: Path, tmp_path: Path) -> None:
    """Any other refusal is quoted."""
    assert "ended: Unrecognized option: -Nonsense" in refused(cache, tmp_path, "-Nonsense")


def test_not_ready_in_time(cache: Path, tmp_path: Path) -> None:
    """The server is ended and the log named."""
    assert "was not ready within 0.3 s: try again" in refused(cache, tmp_path, ready_seconds=0.3)


def test_data_folder_that_cannot_be_made(cache: Path, open_folder: Path, tmp_path: Path) -> None:
    """Below a file."""
    (open_folder / "file").touch(mode=0o755)
    settings = NodeSettings(data=open_folder / "file" / "data")

    with pytest.raises(NodeError, match=r"cannot write the data folder .*choose another with --data"):
        EmbeddedNode(settings, cache=cache, state=tmp_path).__enter__()


PARENT = """
import json, sys, time
from pathlib import Path
from core.node import EmbeddedNode
from core.settings import NodeSettings
with EmbeddedNode(NodeSettings(), cache=Path(sys.argv[1]), state=Path(sys.argv[2]), temporary=True) as node:
    print(json.dumps([node.record.pid, node.record.folder]), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_server_ends_with_its_python(cache: Path, tmp_path: Path, number: signal.Signals) -> None:
    """However that ends; a kill leaves the folder alone, and the next temporary node clears it."""
    command = [sys.executable, "-c", PARENT, str(cache), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        pid, folder = json.loads(parent.stdout.readline())
        server = psutil.Process(pid)
        parent.send_signal(number)
        server.wait(GONE_SECONDS)
        parent.wait(GONE_SECONDS)

    if number is signal.SIGKILL:
        refused(cache, tmp_path, ready_seconds=0)
    assert not Path(folder).exists()


def test_wait_ends_with_the_server(cache: Path, tmp_path: Path) -> None:
    """And says that it was killed."""
    with EmbeddedNode(NodeSettings(), cache=cache, state=tmp_path, temporary=True) as node:
        psutil.Process(node.record.pid).kill()
        with pytest.raises(NodeError, match="was killed"):
            node.wait(threading.Event(), poll_seconds=0.05)


COMMAND = (sys.executable, "-c", "from wwwatch.cli import main; main()", "es")


def wwwatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_command_line_starts_shows_and_stops(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole life, by exit codes."""
    monkeypatch.setenv("WWWATCH_STATE", str(open_folder / "cli"))
    assert (wwwatch("status").returncode, wwwatch("start", "--heap", "lots").returncode) == (1, 2)

    started = wwwatch("start", "--heap", "400m")
    again = wwwatch("start")
    shown = wwwatch("status", "--json")
    url = json.loads(shown.stdout)["url"]
    with connect(EsSettings(url=url)) as client:
        heap = str(client.nodes.info(metric="jvm", filter_path="nodes.*.jvm.mem.heap_max_in_bytes"))
    stopped, none = wwwatch("stop"), wwwatch("stop")

    assert [run.returncode for run in (started, again, shown, stopped, none)] == [0] * 5
    assert "answers at http://127.0.0.1:" in started.stdout
    assert f"already runs at {url}" in again.stdout
    assert str(400 << 20) in heap
    assert ("has stopped" in stopped.stdout, "does not run" in none.stdout) == (True, True)
    assert wwwatch("status").returncode == 1


def test_foreground_node_is_found_and_ends_on_sigterm(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container runs it: told to stop, it stops the server and exits with 0."""
    monkeypatch.setenv("WWWATCH_STATE", str(open_folder / "foreground"))
    command = [*COMMAND, "start", "--foreground"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        assert "Ctrl-C stops it" in parent.stdout.readline()
        found = json.loads(wwwatch("status", "--json").stdout)
        parent.terminate()
        code = parent.wait(GONE_SECONDS)

    assert (found["is_ready"], code) == (True, 0)
    assert not psutil.pid_exists(found["pid"])
    assert wwwatch("status").returncode == 1

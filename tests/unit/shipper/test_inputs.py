"""Standard input, sockets and pipes, for real, with what they leave on the disk."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.clock import Clock
from core.errors import DeliveryError
from core.settings import Settings, load_settings
from shipper import spool
from shipper.inputs import Inputs, open_inputs
from shipper.spool import Spool, folder_of, input_of, is_finished_segment
from tests.unit.shipper.following import Reader

PATIENCE_SECONDS = 30.0
LOGGER = "/usr/bin/logger"


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def settings_of(tmp_path: Path, **ship: object) -> Settings:
    return load_settings(state=tmp_path / "state", ship={"namespace": "n", **ship})


@contextmanager
def receiving(
    settings: Settings, stop: threading.Event, *specs: str, **options: object
) -> Iterator[tuple[Inputs, Reader]]:
    with open_inputs(settings, specs, Clock(), stop, **options) as inputs:  # type: ignore[arg-type]
        reader = Reader(settings.state, *inputs.patterns)
        try:
            yield inputs, reader
        finally:
            reader.stop()


def eventually(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


def read_until(reader: Reader, count: int) -> list[str]:
    lines: list[str] = []
    eventually(lambda: len(lines.__iadd__(reader.read())) >= count)
    return lines


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spooled(settings: Settings) -> list[bytes]:
    return [path.read_bytes() for path in sorted((settings.state / "spool").rglob("*.spool"))]


def test_udp(tmp_path: Path, stop: threading.Event) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with receiving(settings_of(tmp_path), stop, f"udp://127.0.0.1:{port}") as (_, reader):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(100):
                sender.sendto(b"<190>Nov 23 06:45:00 www nginx: line %d" % number, ("127.0.0.1", port))
        assert read_until(reader, 100) == [f"line {number}" for number in range(100)]
        (tail,) = reader.follower._tails
        assert tail.name == f"udp://127.0.0.1:{port}"


def test_tcp_from_several_senders(tmp_path: Path, stop: threading.Event) -> None:
    port = free_port(socket.SOCK_STREAM)
    with receiving(settings_of(tmp_path), stop, f"tcp://localhost:{port}") as (_, reader):
        with (
            closing(socket.create_connection(("localhost", port))) as one,
            closing(socket.create_connection(("localhost", port))) as other,
        ):
            message = b"<13>1 - www nginx - - - counted\nline"
            one.sendall(b"<13>Nov 23 06:45:00 www a: lin")
            other.sendall(b"%d %s" % (len(message), message))
            one.sendall(b"e\nwithout an end")
            assert sorted(read_until(reader, 2)) == ["counted\\x0aline", "line"]
        assert read_until(reader, 1) == ["without an end"]


def test_a_local_socket(tmp_path: Path, stop: threading.Event) -> None:
    path = tmp_path / "log.sock"
    with receiving(settings_of(tmp_path), stop, f"unix://{path}") as (_, reader):
        with pytest.raises(DeliveryError, match="another process listens there"):
            open_inputs(settings_of(tmp_path / "b"), [f"unix://{path}"], Clock(), stop).__enter__()
        if Path(LOGGER).exists():
            subprocess.run([LOGGER, "--socket", str(path), "-t", "nginx", "by logger"], check=True)
            assert read_until(reader, 1) == ["by logger"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<190>Nov 23 06:45:00 nginx: by hand", str(path))
        assert read_until(reader, 1) == ["by hand"]
    assert not path.exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left_over:
        left_over.bind(str(path))
    with receiving(settings_of(tmp_path), stop, f"unix://{path}"):
        pass


@pytest.mark.skipif(not Path(LOGGER).exists(), reason="no logger here")
@pytest.mark.parametrize("options", [["--rfc3164"], ["--rfc5424"], ["--rfc5424", "--octet-count"]])
def test_what_logger_sends(tmp_path: Path, stop: threading.Event, options: list[str]) -> None:
    port = free_port(socket.SOCK_STREAM)
    command = [LOGGER, "--server", "127.0.0.1", "--port", str(port), "--tcp", "-t", "httpd", *options]
    with receiving(settings_of(tmp_path), stop, f"tcp://127.0.0.1:{port}") as (_, reader):
        subprocess.run([*command, '192.0.2.1 - - "GET / HTTP/1.1"'], check=True)
        assert read_until(reader, 1) == ['192.0.2.1 - - "GET / HTTP/1.1"']


def test_standard_input_to_its_end(tmp_path: Path, stop: threading.Event) -> None:
    ours, theirs = os.pipe()
    settings = settings_of(tmp_path)
    with receiving(settings, stop, "-", stdin=ours) as (inputs, reader):
        os.write(theirs, b"<13>one\ntwo\nlast")
        assert read_until(reader, 2) == ["<13>one", "two"]
        assert not inputs.until.is_set()
        os.close(theirs)
        assert inputs.until.wait(PATIENCE_SECONDS)
        assert inputs.are_over
        assert reader.once() == ["last"]
        assert spooled(settings) == [b""]
    os.close(ours)


def test_a_regular_file_as_standard_input(tmp_path: Path, stop: threading.Event) -> None:
    (tmp_path / "log").write_bytes(b"one\n" * 50_000)
    with (
        (tmp_path / "log").open("rb") as file,
        receiving(settings_of(tmp_path), stop, "-", stdin=file.fileno(), once=True) as (inputs, reader),
    ):
        assert inputs.until.wait(PATIENCE_SECONDS)
        assert len(reader.once()) == 50_000


def test_a_pipe_by_name(tmp_path: Path, stop: threading.Event) -> None:
    os.mkfifo(tmp_path / "pipe")
    with receiving(settings_of(tmp_path), stop, str(tmp_path / "pipe")) as (inputs, reader):
        for word in ("one", "two"):
            (tmp_path / "pipe").write_text(f"{word}\n")
            assert read_until(reader, 1) == [word]
        assert not inputs.until.is_set()
        stop.set()
        assert inputs.until.wait(PATIENCE_SECONDS)


def test_what_was_not_delivered_is_there_at_the_next_start(tmp_path: Path, stop: threading.Event) -> None:
    port = free_port(socket.SOCK_STREAM)
    settings = settings_of(tmp_path)
    with open_inputs(settings, [f"tcp://127.0.0.1:{port}"], Clock(), stop):
        with closing(socket.create_connection(("127.0.0.1", port))) as sender:
            sender.sendall(b"same\nsame\n")
        eventually(lambda: b"same\nsame\n" in spooled(settings))
    with receiving(settings, stop, str(tmp_path / "other.log")) as (inputs, reader):
        assert inputs.until is stop
        assert reader.read() == ["same", "same"]
        reader.read()
        assert spooled(settings) == [b""]
        (entry,) = reader.registry.entries.values()
        assert (entry.path, entry.offset) == (f"tcp://127.0.0.1:{port}", 10)


def test_the_same_lines_twice_are_twice_as_many(tmp_path: Path, stop: threading.Event) -> None:
    text = "".join(f"line {number} of a stream that is sent again\n" for number in range(100)).encode()
    settings = settings_of(tmp_path)
    for _ in range(2):
        ours, theirs = os.pipe()
        os.write(theirs, text)
        os.close(theirs)
        with open_inputs(settings, ["-"], Clock(), stop, stdin=ours) as inputs:
            assert inputs.until.wait(PATIENCE_SECONDS)
        os.close(ours)
    with receiving(settings, stop) as (_, reader):
        assert len(reader.read()) == 200


def test_a_full_spool_holds_streams_and_drops_datagrams(
    tmp_path: Path, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path, spool_bytes=1_000)
    ours, theirs = os.pipe()
    port = free_port(socket.SOCK_DGRAM)
    udp = f"udp://127.0.0.1:{port}"
    with receiving(settings, stop, "-", udp, stdin=ours) as (inputs, reader):
        os.write(theirs, b"x" * 1_500 + b"\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"y" * 1_500, ("127.0.0.1", port))
            eventually(lambda: sum(map(len, spooled(settings))) == 3_002)
            os.write(theirs, b"waits\n")
            dropping = next(each for each in inputs.receivers if "udp" in each.name)
            eventually(lambda: bool(sender.sendto(b"dropped", ("127.0.0.1", port))) and dropping.dropped > 2)
        assert sum(map(len, spooled(settings))) == 3_002
        assert len(read_until(reader, 2)) == 2
        for receiver in inputs.receivers:
            receiver._spool.finish()
        assert "waits" in read_until(reader, 1)
        os.close(theirs)
    assert "lines were dropped so far" in caplog.text
    os.close(ours)


def test_segments_are_finished_by_size_and_deleted_when_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SEGMENT_BYTES", 50)
    folder = folder_of(tmp_path / "spool", "unix:///run/a b.sock")
    written = Spool(folder, 10_000)
    reader = Reader(tmp_path / "state", str(folder / "*.spool"))
    for number in range(40):
        written.append(b"line number %d\n" % number)
    paths = sorted(folder.iterdir())
    assert len(paths) > 5
    assert [is_finished_segment(str(path)) for path in paths] == [True] * (len(paths) - 1) + [False]
    assert {input_of(str(path)) for path in paths} == {"unix:///run/a b.sock"}
    assert len(reader.read()) == 40
    reader.read()
    assert sorted(folder.iterdir()) == paths[-1:]
    written.append(b"more\n")
    assert reader.read() == ["more"]
    reader.stop()
    written.close()


def test_a_crash_in_the_middle_of_a_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "stdin")
    first = Spool(folder, 10_000)
    first.append(b"one\ntw")
    reader = Reader(tmp_path / "state", str(folder / "*.spool"))
    assert reader.read() == ["one"]
    Spool(folder, 10_000)
    assert reader.read() == ["tw"]
    reader.stop()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("udp://127.0.0.1", "it names no host and port"),
        ("tcp://:5514", "it names no host and port"),
        ("tcp://127.0.0.1:99999", "out of range"),
        ("unix:///no/such/folder/sock", "No such file"),
    ],
)
def test_wrong_addresses(tmp_path: Path, stop: threading.Event, spec: str, reason: str) -> None:
    with (
        pytest.raises(DeliveryError, match=f"cannot listen on {spec}: .*{reason}"),
        open_inputs(settings_of(tmp_path), [spec], Clock(), stop),
    ):
        pass


def test_no_file_is_taken_for_a_left_over_socket(tmp_path: Path, stop: threading.Event) -> None:
    (tmp_path / "precious").write_text("kept")
    with (
        pytest.raises(DeliveryError, match="it is no socket"),
        open_inputs(settings_of(tmp_path), [f"unix://{tmp_path}/precious"], Clock(), stop),
    ):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_what_never_ends_is_not_for_once(tmp_path: Path, stop: threading.Event) -> None:
    with (
        pytest.raises(DeliveryError, match="never ends: leave --once out"),
        open_inputs(settings_of(tmp_path), ["udp://127.0.0.1:5514"], Clock(), stop, once=True),
    ):
        pass

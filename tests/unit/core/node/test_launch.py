"""The bytes and options that the server is started with."""

from pathlib import Path

import pytest

from core.node.launch import heap_bytes, java_options, node_arguments, node_settings, server_arguments


def test_arguments_are_the_servers_own_format() -> None:
    """Flags, an empty keystore, settings as pairs, two folders."""
    name = b"org.elasticsearch.common.settings.KeyStoreWrapper"
    expected = (
        b"\x00\x00\x00" + bytes([len(name)]) + name + b"\x00\x00\x00\x06" + b"\x00\x00\x00\x00"
        b"\x01" + b"\x01a\x00\x01b" + b"\x02/c" + b"\x02/d"
    )

    assert server_arguments({"a": "b"}, Path("/c"), Path("/d"), daemon=False) == expected


def test_only_a_daemon_differs_in_the_first_byte() -> None:
    """The rest is the same."""
    folder = Path("/n")
    kept, left = (node_arguments(Path("/h"), folder, 0, daemon=daemon) for daemon in (False, True))

    assert (kept[0], left[0]) == (0, 1)
    assert kept[1:] == left[1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 128, b"\x80\x01" + b"x" * 128),
        ("é日", b"\x02\xc3\xa9\xe6\x97\xa5"),
        ("😀", b"\x02\xed\xa0\xbd\xed\xb8\x80"),
    ],
)
def test_strings_count_utf16_units(text: str, expected: bytes) -> None:
    """As Java does, so that any folder name arrives."""
    assert server_arguments({}, Path(text), Path("d"), daemon=False).endswith(expected + b"\x01d")


def test_heap_in_bytes() -> None:
    """Megabytes and gigabytes."""
    assert (heap_bytes("512m"), heap_bytes("2g")) == (536_870_912, 2_147_483_648)


def test_heap_and_folder_reach_the_jvm(tmp_path: Path) -> None:
    """Nothing is written outside the node's folder."""
    bridge = tmp_path / "lib" / "entitlement-bridge" / "bridge.jar"
    bridge.parent.mkdir(parents=True)
    bridge.touch()

    options = java_options(tmp_path, Path("/node"), "1g")

    assert {"-Xms1g", "-Xmx1g", "-XX:MaxDirectMemorySize=536870912", "-Djava.io.tmpdir=/node/tmp"} <= set(options)
    assert f"--patch-module=java.base={bridge}" in options


def test_node_listens_on_this_machine_alone() -> None:
    """It has no passwords."""
    settings = node_settings(Path("/h"), Path("/n"), 9200)

    assert settings["network.host"] == "127.0.0.1"
    assert settings["http.port"] == "9200"

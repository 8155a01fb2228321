"""The registry survives, refuses company, and says what is wrong with it."""

import json
from pathlib import Path

import pytest

from core.errors import DeliveryError
from shipper import Ledger, Registry
from shipper.identity import HEAD_BYTES, identify, read_head
from shipper.registry import Entry, read_registry
from shipper.source import open_source


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ship" / "default.json"
    entry = Entry(
        "/var/log/\udcff.log", 1, 2, 0, 30, (30, 60), "2026-01-02T00:00:00.000Z", ledger=Ledger(1, 2, 3, 4, 5)
    )
    with Registry(path) as registry:
        registry.entries["a" * 16] = entry
        registry.save()
        host = registry.host
    with Registry(path) as registry:
        assert registry.entries == {"a" * 16: entry}
    assert read_registry(path) == (host, {"a" * 16: entry})
    assert [item.name for item in path.parent.iterdir() if item.suffix == ".new"] == []


def test_the_host_of_the_first_day_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    with Registry(path) as registry:
        registry.save()
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"host": "old-name"}))
    with Registry(path) as registry:
        assert registry.host == "old-name"


def test_two_shippers_refuse(tmp_path: Path) -> None:
    with (
        Registry(tmp_path / "r.json"),
        pytest.raises(DeliveryError, match="another shipper uses the registry"),
        Registry(tmp_path / "r.json"),
    ):
        pass
    with Registry(tmp_path / "r.json"):
        pass


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version":1,"host":"h","files":{"a":{}}}', "\xff"])
def test_a_broken_registry_is_refused_and_the_lock_is_left(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content, encoding="latin-1")
    for _ in range(2):
        with pytest.raises(DeliveryError, match=r"cannot read the registry .*move it away"), Registry(path):
            pass


def test_a_newer_registry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"version": 99}')
    with pytest.raises(DeliveryError, match="version 99"), Registry(tmp_path / "r.json"):
        pass


def test_identity_hangs_on_each_part() -> None:
    parts = ("host", 1, 2, b"line", 0)
    others = [("h", 1, 2, b"line", 0), ("host", 3, 2, b"line", 0), ("host", 1, 3, b"line", 0)]
    others += [("host", 1, 2, b"lin", 0), ("host", 1, 2, b"line", 1), ("host", 12, 2, b"line", 0)]
    identities = {identify(*each) for each in (parts, *others)}
    assert len(identities) == 7
    assert identify(*parts) == identify(*parts)
    assert all(len(each) == 16 for each in identities)


@pytest.mark.parametrize(
    ("data", "closing", "line"),
    [
        (b"par", False, None),
        (b"par", True, b"par"),
        (b"one\ntwo", False, b"one"),
        (b"\n", False, b""),
        (b"x" * 9_000, False, b"x" * HEAD_BYTES),
        (b"#Version: 1.0\n#Fields: a b\n", False, None),
        (b"#Version: 1.0\n#Fields: a b\none\ntwo", False, b"#Version: 1.0\n#Fields: a b\none"),
        (b"\0" * 3_000_000 + b"one\n", False, b"one"),
    ],
)
def test_the_first_line_of_a_file(tmp_path: Path, data: bytes, closing: bool, line: bytes | None) -> None:
    (tmp_path / "log").write_bytes(data)
    source = open_source(str(tmp_path / "log"))
    head = read_head(source, closing=closing)
    source.close()
    assert head is not None
    text = data.lstrip(b"\0")
    assert (head.line, head.data, head.begin) == (line, text[:1_024], len(data) - len(text))


@pytest.mark.parametrize("data", [b"", b"\0" * 2_000_000])
def test_an_empty_file_has_no_first_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "log").write_bytes(data)
    source = open_source(str(tmp_path / "log"))
    assert read_head(source, closing=True) is None
    source.close()


def test_ledger_adds_up() -> None:
    total = Ledger(1, 2, 3, 4, 5) + Ledger(10, 20, 30, 40, 50)
    assert total == Ledger(11, 22, 33, 44, 55)
    assert total.lines == 66

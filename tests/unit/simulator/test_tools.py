"""How real tools are called; that they do what is expected is seen in tests/server/test_record.py."""

from pathlib import Path

from detector.kinds import KINDS
from simulator.site import demo_site
from simulator.tools import TOOLS, Target, write_lists

TARGET = Target("http://127.0.0.1:8123", "2001:db8::7", Path("/tmp/a folder"), demo_site())  # noqa: S108 - never made


def test_a_template_becomes_arguments() -> None:
    assert TARGET.fill("-H {header} {url}{search}?q=1 -s {port}") == [
        "-H", "X-Forwarded-For: 2001:db8::7", "http://127.0.0.1:8123/search?q=1", "-s", "8123",
    ]  # fmt: skip
    assert TARGET.fill("{login}:H={escaped}") == [r"/login:H=X-Forwarded-For\: 2001\:db8\:\:7"]
    assert TARGET.fill("{folder}/words.txt") == ["/tmp/a folder/words.txt"]  # noqa: S108 - a value like any


def test_every_tool_attacks_this_machine_only_and_as_a_kind_that_is_known() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
    for tool in TOOLS:
        arguments = " ".join(TARGET.fill(tool.arguments))
        assert tool.kind in KINDS
        assert "127.0.0.1" in arguments
        assert ("X-Forwarded-For" in arguments) == tool.shows_client


def test_lists_are_written(tmp_path: Path) -> None:
    write_lists(tmp_path)
    words = (tmp_path / "words.txt").read_text().splitlines()
    assert ".env" in words
    assert len(words) == len(set(words)) > 200
    assert not any(word.startswith("/") for word in words)
    assert len((tmp_path / "passwords.txt").read_text().splitlines()) == 120
    assert len((tmp_path / "users.txt").read_text().splitlines()) == 3

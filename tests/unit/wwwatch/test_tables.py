"""How rows look in a terminal and in a pipe."""

from datetime import UTC, datetime, timedelta

import pytest

from wwwatch.tables import ago, clock_time, print_rows

NOW = datetime(2026, 3, 14, 2, 15, 7, 900_000, tzinfo=UTC)


def test_rows_stand_under_their_headings_and_sentences_below(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("what", "state"), [(("a\x1b[2J", "sent"), ("why\x1b[2J", "")), (("bb", "held"), ())])
    assert capsys.readouterr().out.splitlines() == [
        "what      state",
        "a\\x1b[2J  sent",
        "    why\\x1b[2J",
        "bb        held",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s ago"), (3, "3 s ago"), (119, "119 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_what_never_was() -> None:
    assert ago(None, NOW) == "never"


def test_a_time_for_people() -> None:
    assert clock_time(NOW) == "2026-03-14 02:15:07"

"""What a server prints when it does not start, as one sentence. tests/server has the real ones."""

from pathlib import Path

import pytest

from core.node.refusal import last_output, refusal

FATAL = "[2026-01-01T00:00:00,000][ERROR][o.e.b.Elasticsearch] fatal exception while booting Elasticsearch\n"


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("", -9, "was killed, as systems do when memory runs out: free some"),
        ("java.lang.OutOfMemoryError: Java heap space", 3, "too little free memory"),
        (f"{FATAL}java.lang.IllegalStateException: no luck\n\tat x", 1, "ended: no luck: see /n/logs"),
        (f"{FATAL}", 1, "ended: fatal exception while booting Elasticsearch: see"),
        ("Error: Could not find or load main class x", 1, "ended: Could not find or load main class x"),
        (f"[INFO ] JVM arguments [-XX:+ExitOnOutOfMemoryError]\n{FATAL}", 1, "fatal exception while booting"),
        ("", 7, "it ended with code 7 and said nothing"),
        ("x\njava.nio.file.AccessDeniedException: /n/data", 1, "cannot write its folder /n"),
    ],
)
def test_refusal_is_a_sentence(output: str, code: int, expected: str) -> None:
    """What failed, on what, and what to do."""
    error = str(refusal(output, code, folder=Path("/n"), port=1, heap="1g"))

    assert expected in error
    assert "\n" not in error


def test_earlier_starts_are_not_read(tmp_path: Path) -> None:
    """Only what was logged since."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "elasticsearch.log").write_text("old" + "new")

    assert last_output(tmp_path, 3) == "new"

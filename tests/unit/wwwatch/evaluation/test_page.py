"""The result in a page: between its markers, and harmless."""

from pathlib import Path

import pytest

from core.errors import EvaluationError
from wwwatch.evaluation.page import BEGIN, END, render_markdown, write_result
from wwwatch.evaluation.tables import NOTHING, build_tables, share
from wwwatch.reference import DOCS

REPORT = {
    "created": "2026-05-05T00:00:00.000Z",
    "version": "9.9",
    "model": {"digest": "d" * 64},
    "simulated": {
        "runs": 1,
        "days": 2.0,
        "attacks": {
            "<b>|flood": {
                "kind": "dos",
                "runs": 4,
                "found": 3,
                "rightly_called": 3,
                "mailed": 2,
                "soon": 1,
                "median_seconds": None,
                "median_requests": None,
            }
        },
        "kinds": {},
        "quiet_runs": {},
    },
}


def test_the_result_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_result(page, REPORT)
        text = page.read_text()
        assert text.startswith(f"before\n{BEGIN}\n")
        assert text.endswith(f"\n{END}\nafter\n")
        assert "old" not in text
        assert text.count("Simulated attacks") == 1


def test_names_cannot_break_the_table() -> None:
    (row,) = (line for line in render_markdown(REPORT).splitlines() if "flood" in line)
    assert row == f"| &lt;b>\\|flood | dos | 4 | 75.0 % | 75.0 % | 50.0 % | 25.0 % | {NOTHING} | {NOTHING} |"


def test_tables_without_rows_are_left_out() -> None:
    assert [table.title for table in build_tables(REPORT)] == ["Simulated attacks"]


def test_a_share_of_nothing_is_a_dash() -> None:
    assert (share(None), share(0.0), share(0.9876)) == (NOTHING, "0.0 %", "98.8 %")


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_page_without_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(EvaluationError, match="no place for the result"):
        write_result(page, REPORT)
    assert page.read_text() == text


def test_the_project_page_has_a_place_for_the_result() -> None:
    text = (DOCS / "detection.md").read_text("utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)

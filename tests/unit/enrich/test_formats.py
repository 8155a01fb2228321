"""Formats are found by what most lines are."""

from pathlib import Path

import polars as pl
import pytest

from core.errors import FormatError
from enrich import FORMATS, detect, detect_format, find_format
from enrich.detection import SAMPLE_LINES

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
WHEN = "[05/Mar/2021:09:01:38 +0100]"
COMMON = f'192.0.2.7 - - {WHEN} "GET / HTTP/1.1" 200 5'
COMBINED = f'{COMMON} "-" "curl/8"'
GARBAGE = rf'192.0.2.7 - - {WHEN} "\x16\x03\x01" 400 5 "-" "-"'


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([COMBINED], "combined"),
        ([COMMON], "common"),
        ([f"{COMMON} 0.004"], "common"),
        ([f"shop.example:80 {COMBINED}"], "vhost_combined"),
        ([f"shop.example {COMBINED}"], "vhost_combined"),
        ([f"{COMBINED} 0.004"], "combined_timed"),
        ([f"{COMBINED} -"], "combined"),
        ([GARBAGE], "combined"),
        ([f"shop.example:80 {GARBAGE}"], "vhost_combined"),
        ([COMMON, COMBINED, COMBINED, "", "noise"], "combined"),
        ([f"192.0.2.7 - Jane Doe {WHEN} " + COMBINED.split("] ")[1]], "combined"),
    ],
)
def test_detect(lines: list[str], name: str) -> None:
    assert detect_format(pl.Series(lines)).name == name


@pytest.mark.parametrize("lines", [[], [""], ["Mar  5 09:01:38 host sshd[1]: hello"], ["{}"]])
def test_detect_gives_up_with_the_names(lines: list[str]) -> None:
    with pytest.raises(FormatError, match="combined, common, apache_ssl"):
        detect_format(pl.Series(lines, dtype=pl.String))


def test_share_and_others_of_a_mixed_log() -> None:
    lines = [COMBINED] * 6 + [COMMON] * 3 + ["noise"]
    found = detect(pl.Series(lines))
    # The common lines are read, too: a format's lenient patterns take its neighbours' lines.
    assert (found.format.name, found.share, found.others) == ("combined", 0.9, (("common", 0.3),))


def test_a_few_lines_of_another_kind_do_not_cost_the_trailing_fields() -> None:
    lines = [f'{COMBINED} "198.51.100.4"'] * 95 + [COMBINED] * 5
    found = detect(pl.Series(lines))
    assert (found.format.name, found.share) == ("combined_forwarded", 1.0)


def test_a_long_log_is_told_by_its_beginning() -> None:
    lines = [COMMON] * SAMPLE_LINES + ["2026-03-14 02:15:07 192.0.2.80 GET / - 80 - 192.0.2.7 - - 200 0 0 0"] * 9_000
    assert detect(pl.Series(lines)).format.name == "common"
    rare = ["noise"] * (SAMPLE_LINES - 1) + [COMMON]
    assert detect(pl.Series(rare)).share == 1 / SAMPLE_LINES


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_in_the_docs_with_its_title(name: str) -> None:
    assert f"| `{name}` | {FORMATS[name].title} |" in DOCS.read_text("utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_explains_what_becomes_of_its_values(name: str) -> None:
    explained = FORMATS[name].explain()
    assert "@timestamp" in {field for _, found in explained for field in found}


def test_every_slot_of_every_format_is_in_the_table() -> None:
    for entry in FORMATS.values():
        for _, found in entry.explain():
            assert all(field.startswith("labels.") or "." in field or field == "@timestamp" for field in found)


def test_find() -> None:
    assert find_format("common") is FORMATS["common"]
    with pytest.raises(FormatError, match="'nonsense': choose one of"):
        find_format("nonsense")

"""Formats are found by what most lines are."""

import polars as pl
import pytest

from core.errors import FormatError
from enrich import FORMATS, detect_format, find_format

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


def test_find() -> None:
    assert find_format("common") is FORMATS["common"]
    with pytest.raises(FormatError, match="'nonsense': choose one of"):
        find_format("nonsense")

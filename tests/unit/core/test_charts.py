"""The charts are valid Vega-Lite, draw what they are given, and load nothing."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest
import vl_convert

from core.charts import CHARTS, THEMES, chart, theme

MINUTE = 60_000
BAR = {"time": 0, "until": MINUTE, "when": "1 Jan", "class": "2xx", "requests": 7}
LATER = {**BAR, "time": MINUTE, "until": 2 * MINUTE, "class": "4xx", "requests": 3}
INCIDENT = {
    "start": 0,
    "end": MINUTE,
    "label": MINUTE,
    "flip": False,
    "lane": 0,
    "severity": "major",
    "number": 1,
    "title": "scan",
    "when": "1 Jan",
    "who": "192.0.2.1",
    "score": 60,
}
DATA: dict[str, dict[str, list[dict[str, Any]]]] = {
    "requests": {"requests": [BAR, LATER]},
    "activity": {"activity": [BAR, LATER]},
    "talkers": {"talkers": [{"client": "192.0.2.1", "class": "2xx", "requests": 7, "rank": 1, "incident": "none"}]},
    "curve": {"curve": [{"x": 0, "y": 0, "order": 0, "series": "a"}, {"x": 1, "y": 1, "order": 1, "series": "a"}]},
    "incidents": {"incidents": [INCIDENT], "period": [{"time": 0}, {"time": 2 * MINUTE}]},
}


def refuse(constant: str) -> None:
    raise ValueError(constant)


@pytest.mark.parametrize("name", CHARTS)
def test_chart_draws_what_it_is_given(name: str) -> None:
    for config in THEMES:
        spec = chart(name) | {"datasets": DATA[name], "width": 400, "config": theme(config)}
        drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
        assert len(re.findall(r'aria-roledescription="(?:bar|rect mark|line mark)"', drawn)) == {
            "requests": 2,
            "activity": 2,
        }.get(name, 1)


@pytest.mark.parametrize("name", [*(f"{name}.vl.json" for name in CHARTS), "themes.json"])
def test_file_is_strict_json_and_loads_nothing(name: str) -> None:
    text = (files("core.charts") / name).read_text("utf-8")
    found = json.loads(text, parse_constant=refuse)
    assert "url" not in re.findall(r'"([a-z]+)":', text)
    assert set(re.findall(r"https?://[^\"]+", text)) <= {"https://vega.github.io/schema/vega-lite/v6.json"}
    assert json.dumps(found)


def test_each_call_returns_an_object_of_its_own() -> None:
    chart("requests")["encoding"].clear()
    assert chart("requests")["encoding"]

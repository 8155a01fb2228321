"""Charts as Vega-Lite files, one each: pages, mails and Kibana draw the same ones, with data of their own."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

CHARTS = ("incidents", "requests", "talkers", "activity", "curve")
"""The names of the charts; `<name>.vl.json` says which data each one wants, in its description and `usermeta`."""

THEMES = ("light", "dark")

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800)
"""Seconds that a bar may stand for."""


@cache
def _read(name: str) -> str:
    return (files("core.charts") / name).read_text("utf-8")


def chart(name: str) -> dict[str, Any]:
    """Return a chart as a Vega-Lite specification without data; each call returns an object of its own.

    Args:
        name: One of `CHARTS`.
    """
    found: dict[str, Any] = json.loads(_read(f"{name}.vl.json"))
    return found


def theme(name: str) -> dict[str, Any]:
    """Return what all charts share, as a Vega-Lite `config`.

    Args:
        name: One of `THEMES`.
    """
    found: dict[str, Any] = json.loads(_read("themes.json"))[name]
    return found


def choose_step(seconds: float, bars: int) -> int:
    """Return how many seconds a bar of a time axis stands for, so that there are at most so many of them."""
    fitting = (step for step in STEPS if seconds / step < bars)
    return next(fitting, STEPS[-1] * (int(seconds / STEPS[-1] / bars) + 1))

"""Charts as Vega-Lite files, one each: pages, mails and Kibana draw the same ones, with data of their own."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

CHARTS = ("incidents", "requests", "talkers", "activity", "curve")
"""The names of the charts; `<name>.vl.json` says which data each one wants, in its description and `usermeta`."""

THEMES = ("light", "dark")


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

"""A dashboard as one HTML page that loads nothing: Kibana's grid, each panel drawn."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import jinja2
import vl_convert
from markdown_it import MarkdownIt
from markupsafe import Markup

from core.clock import iso_millis
from core.text import printable
from kibana.compile.saved import SavedObject
from kibana.preview.content import GAP, GRID_COLUMN, GRID_ROW, TITLE, Shown
from kibana.queries.aggregations import Scope

_NUMERIC = re.compile(r"-|-?\d[\d,]*(\.\d+)?( ?%| ms|[KMGT]?B)?")
_VEGA_LITE = "5.20"
_MARGIN = 8


@dataclass(frozen=True, slots=True)
class _Placed:
    """A panel with its place in pixels and what is drawn in it."""

    shown: Shown
    left: int
    top: int
    width: int
    height: int
    image: str
    html: str

    @property
    def id(self) -> str:
        """Return the panel's name on the dashboard."""
        return self.shown.id

    @property
    def numeric(self) -> list[bool]:
        """Return which of the table's columns hold numbers alone."""
        columns = list(zip(*self.shown.rows, strict=True)) or [()] * len(self.shown.header)
        return [any(cell != "-" for cell in cells) and all(map(_looks_numeric, cells)) for cells in columns]


def render(dashboard: SavedObject, panels: Sequence[Shown], scope: Scope) -> str:
    """Return a page of 1,600 px.

    Args:
        dashboard: The compiled dashboard: its title and controls are shown.
        panels: What `kibana.preview.content.Reader` found.
        scope: The time range.
    """
    placed = [_placed(shown) for shown in panels]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"printable": printable}
    template = (files("kibana.preview") / "page.html.j2").read_text("utf-8")
    return environment.from_string(template).render(
        title=dashboard.attributes["title"],
        controls=_controls(dashboard),
        start=iso_millis(scope.start)[:16].replace("T", " "),
        end=iso_millis(scope.end)[:16].replace("T", " "),
        panels=placed,
        height=max(each.top + each.height for each in placed) + _MARGIN,
        head=TITLE,
    )


def _placed(shown: Shown) -> _Placed:
    x, y, width, height = shown.at
    return _Placed(
        shown,
        left=_MARGIN + x * GRID_COLUMN,
        top=_MARGIN + y * (GRID_ROW + GAP),
        width=width * GRID_COLUMN - GAP,
        height=height * GRID_ROW + (height - 1) * GAP,
        image=_image(shown),
        # Raw HTML in the text stays text: html=False is what the "js-default" preset has.
        html=Markup(MarkdownIt("js-default").render(shown.markdown)) if shown.markdown else "",  # noqa: S704
    )


def _image(shown: Shown) -> str:
    if shown.spec is None or shown.is_empty:
        return ""
    svg = vl_convert.vegalite_to_svg(json.dumps(shown.spec), vl_version=_VEGA_LITE)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"  # an image runs no script


def _controls(dashboard: SavedObject) -> list[str]:
    group = dashboard.attributes.get("controlGroupInput")
    panels = json.loads(group["panelsJSON"]) if group else {}
    return [each["explicitInput"]["title"] for each in sorted(panels.values(), key=lambda each: each["order"])]


def _looks_numeric(text: str) -> bool:
    return _NUMERIC.fullmatch(text) is not None

"""wwwatch.pages: HTML pages of one file each, which load nothing; scan and evaluation share the frame."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert

from core.charts import THEMES, theme
from core.text import printable


def render_page(template: str, charts: Mapping[str, Any], filters: Mapping[str, Any], **values: Any) -> str:
    """Return a page.

    Args:
        template: Jinja2, autoescaped; it gets `values` and what report.html.j2 writes of the frame: `policy`, `style`,
            `bundle`, `script`, `charts`, `themes` and `version`.
        charts: Vega-Lite specifications with their data, by the id of the element that each is drawn in.
        filters: Of the template, beside `printable`.
        **values: What the template writes.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"printable": printable, **filters}
    style, script = _part("page.css"), _part("page.js")
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return environment.from_string(template).render(
        charts=charts,
        themes={name: theme(name) for name in THEMES},
        policy=_policy((bundle, script), (style,)),
        style=style,
        script=script,
        bundle=bundle,
        version=version("wwwatch"),
        **values,
    )


def _part(name: str) -> str:
    return (files("wwwatch.pages") / name).read_text("utf-8")


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return a content security policy that lets nothing run, load or be styled but these texts."""
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {' '.join(map(_digest, styles))}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

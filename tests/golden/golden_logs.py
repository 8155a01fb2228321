"""Logs of other projects with what their parsers make of them; they lie beside the project and are never copied."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrich import IS_COMMENT, Enrichment, Format, detect_format, read_events

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BEATS = DATA / "golden_beats" / "raw"
HUB = DATA / "crowdsec_hub" / "raw"
REAL = [
    pytest.mark.real_logs,
    pytest.mark.skipif(not DATA.is_dir() and "CI" not in os.environ, reason="the real logs are not on this machine"),
]
_ASSERTION = re.compile(r'^results\["s01-parse"\]\["([^"]+)"\]\[(\d+)\]\.Evt\.(Parsed|Meta)\["([^"]+)"\] == (".*")$')
Row = dict[str, Any]


def read(lines: list[str], entry: Format | None = None) -> list[Row]:
    """Return our fields of each event, those without a value left out."""
    series = pl.Series(lines, dtype=pl.String)
    frame = read_events(series, entry or detect_format(series), Enrichment()).frame()
    if IS_COMMENT in frame.columns:
        frame = frame.filter(pl.col(IS_COMMENT).not_())
    return [{name: value for name, value in row.items() if value is not None} for row in frame.to_dicts()]


def lines_of(path: Path) -> list[str]:
    """Return a log's lines that are not empty."""
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()]


def beats_logs() -> Iterator[tuple[str, Path]]:
    """Yield each access log of Filebeat's modules, and the format's name."""
    for module in ("apache", "haproxy", "iis", "nginx", "traefik"):
        for path in sorted((BEATS / module).glob("*/test/*.log")):
            fileset = path.parents[1].name
            is_access = fileset in {"access", "ingress_controller"} or path.name in {
                "haproxy.log",
                "httplog-no-headers.log",
            }
            if is_access:
                yield "nginx ingress" if fileset == "ingress_controller" else module, path


def hub_events(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """Return what CrowdSec's parser makes of a log: the line's text as far as it is told, and the fields.

    Fields of the event's `Meta` keep their names; only requests are returned.
    """
    found: defaultdict[tuple[str, int], dict[str, dict[str, str]]] = defaultdict(lambda: {"Meta": {}, "Parsed": {}})
    for line in (folder / "parser.assert").read_text("utf-8").splitlines():
        match = _ASSERTION.match(line.strip())
        if match:
            value = json.loads(match[5], strict=False)
            found[match[1], int(match[2])][match[3]][match[4]] = value
    return [
        (parts["Parsed"].get("message", ""), parts["Meta"])
        for parts in found.values()
        if parts["Meta"].get("log_type", "").startswith(("http_access", "http-access"))
    ]

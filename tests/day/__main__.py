"""Draws the dashboards over the simulated day: `python -m tests.day FOLDER` writes a picture of each."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from core.client import connect
from core.node import EmbeddedNode
from core.settings import EsSettings, load_settings
from detector.training import label_sessions, train
from es_templates import apply, plan
from kibana.compile.objects import build_objects
from kibana.preview.content import Reader
from kibana.preview.page import render
from kibana.source.files import read_sources
from tests.day.traffic import END
from tests.day.watched import guessing, live_through
from wwwatch.examples import labelled_events

log = logging.getLogger(__name__)
_HEADER = 62
_SCALE = 0.75
"""Text stays readable, and no picture is larger than 250 kB."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    lessons = label_sessions(labelled_events(5, sessions=1200))
    model = train(lessons, lessons.clear(), now=END)
    with tempfile.TemporaryDirectory() as place:
        node = EmbeddedNode(settings.node, cache=settings.cache, state=Path(place) / "node", temporary=True)
        with node, connect(EsSettings(url=node.url)) as es:
            apply(es, plan(es))
            day = live_through(es, node.url, Path(place), "day", model)
            objects = build_objects(read_sources(), day.options)
            for dashboard in (each for each in objects if each.type == "dashboard"):
                name = dashboard.id.partition("-dashboard-")[2]
                scope = day.scope_of(name, guessing(es))
                panels = Reader(es, objects, scope).panels(dashboard)
                page = Path(place) / f"{name}.html"
                page.write_text(render(dashboard, panels, scope).replace(place, "/var/log/nginx"), "utf-8")
                rows = max(panel.at[1] + panel.at[3] for panel in panels)
                picture(page, folder / f"{name}.png", height=rows * 28 + _HEADER)


def picture(page: Path, target: Path, *, height: int, width: int = 1600) -> None:
    """Take a picture of a page in a real Chromium."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        sys.exit("a picture needs Chromium: install it")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    flags = [
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={width},{height}",
        f"--force-device-scale-factor={_SCALE}",
    ]
    command = [chromium, *flags, *sandbox, f"--screenshot={target}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

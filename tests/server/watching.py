"""A site's log that is shipped part by part, detectors that watch it, and what they found."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk, scan

from core.clock import Clock, iso_millis
from core.documents import ANOMALIES, INCIDENTS, access_stream
from core.settings import DetectSettings, EsSettings
from detector.live import Detector, Step
from detector.model import SessionModel
from tests.server.logs import settings_of, ship_once, write_log

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 5, 5, tzinfo=UTC)
ATTACKS = {"flood": 20, "bruteforce": 30, "spray": 40, "scan": 50, "sqli": 60, "scrape": 70}
"""Minutes after START at which each attack begins."""


class StandingClock(Clock):
    """A clock that stands still, so that two runs can be compared."""

    def now(self) -> datetime:
        return NOW


class Crash(Exception):  # noqa: N818 - it stands for a kill, not for an error
    """What kills a detector between writing and saving."""


class Dying(Detector):
    """Dies after it has written what it found in the first page."""

    def _save(self, page: Any, outcome: Any) -> None:
        del page, outcome
        raise Crash


class Site:
    """A log of its own that is shipped part by part, and detectors that watch it."""

    def __init__(self, es: Elasticsearch, url: str, folder: Path, namespace: str, model: SessionModel) -> None:
        self.es, self.url, self.model, self.digest = es, url, model, namespace
        self.log, self.settings = folder / f"{namespace}.log", settings_of(folder / namespace, namespace)
        self.watched = DetectSettings(index=access_stream(namespace))

    def ship(self, lines: list[str]) -> None:
        write_log(self.log, lines, "a")
        ship_once(self.es, self.settings, self.log)

    def detector(self, kind: type[Detector] = Detector) -> Detector:
        es = EsSettings(url=self.url)
        detector = kind(self.es, es, self.watched, (self.digest, self.model), StandingClock())
        detector.start(from_beginning=True)
        return detector

    def step(self, kind: type[Detector] = Detector) -> Step:
        detector = self.detector(kind)
        try:
            return detector.step()
        finally:
            detector.close()


def forget_findings(es: Elasticsearch) -> None:
    """Delete anomalies and incidents: the same traffic in two runs has the same ids."""
    for index in (ANOMALIES, INCIDENTS):
        es.indices.refresh(index=index)
        hits = [{"_op_type": "delete", "_index": hit["_index"], "_id": hit["_id"]} for hit in scan(es, index=index)]
        bulk(es, hits, refresh=True)


def findings(es: Elasticsearch, index: str) -> dict[str, dict[str, Any]]:
    """Return all documents by id, numbers rounded, without the names of the model and of the feed."""
    es.indices.refresh(index=index)
    found = {hit["_id"]: rounded(hit["_source"]) for hit in scan(es, index=index)}
    for source in found.values():
        source["wwwatch"].pop("model", None)
        source["wwwatch"].get("incident", {}).pop("feed", None)
    return found


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 3) if isinstance(value, float) else value


def document(number: int, moment: datetime | None = None, **more: Any) -> dict[str, Any]:
    usual = {
        "@timestamp": iso_millis(moment or START + timedelta(seconds=number)),
        "source": {"ip": "192.0.2.1"},
        "url": {"original": f"/{number}"},
    }
    return usual | more


def write(es: Elasticsearch, index: str, numbers: Iterable[int]) -> None:
    """Write one document per number, and let them be searched at some later time."""
    actions = ({"_op_type": "create", "_index": index, "_source": document(number)} for number in numbers)
    bulk(es, actions, chunk_size=500)

"""The simulated day as wwwatch lives through it: shipped, judged, told, answered, and its own parts' health."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import prison
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk, scan

from alerts import Engine, Mailer
from alerts.language.files import SHIPPED, read_watch
from alerts.quiet.silence import Silence
from alerts.quiet.store import SilenceStore
from alerts.verdicts.store import Action, Saying, Verdicts
from core.clock import Clock, iso_millis, parse_iso
from core.documents import (
    ANOMALIES,
    INCIDENTS,
    STATE,
    VERDICTS,
    WATCH_HISTORY,
    access_stream,
    document_id,
    health_stream,
)
from core.settings import DetectSettings, EsSettings, Settings, load_settings
from detector.live import Detector
from detector.model import SessionModel
from enrich import Enrichment, Format, compile_directive
from kibana.compile.names import Options
from kibana.links import Links
from kibana.queries.aggregations import Scope
from shipper import Registry, Shipper
from tests.day.traffic import BLOG, END, LOG_FORMAT, NO_REQUESTS, SHOP, START, lines_of, requests, write_countries
from tests.smtp_sink import smtp_sink

SLICE = timedelta(hours=3)
"""How often the day is looked at; a real detector looks each second, which would cost more than it shows."""
_HEALTH_EVERY = timedelta(minutes=15)
_RANGE = {"range": {"@timestamp": {"gte": iso_millis(START), "lte": iso_millis(END + SLICE)}}}


class DayClock(Clock):
    """The time of the simulated day."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        """Return where in the day we are."""
        return self.moment


@dataclass(frozen=True)
class Day:
    """What was lived through.

    Attributes:
        events: The requests, with the columns of the simulator and ``seconds``.
        namespace: Of the data streams.
        mails: The subjects of what was mailed.
        scope: The whole day.
        texts: The mails' plain texts.
    """

    events: pl.DataFrame
    namespace: str
    mails: tuple[str, ...]
    texts: tuple[str, ...]
    scope: Scope = Scope(START, END)  # noqa: RUF009 - frozen, too

    def scope_of(self, dashboard: str, incident: Mapping[str, Any]) -> Scope:
        """Return what a dashboard opens with: the whole day, and the incident's alone where a mail leads to it."""
        if dashboard != "incident":
            return self.scope
        queries = parse_qs(
            urlsplit(links().incident(incident)["See the incident in Kibana"]).fragment.partition("?")[2]
        )
        query = prison.loads(queries["_a"][0])["query"]["query"]
        time = prison.loads(queries["_g"][0])["time"]
        return Scope(parse_iso(time["from"]), parse_iso(time["to"]), (query,))

    @property
    def options(self) -> Options:
        """Return data views that see this day's streams alone."""
        return Options(titles={"access": access_stream(self.namespace), "health": health_stream(self.namespace)})


class Life:
    """Goes through the day, slice by slice."""

    def __init__(self, es: Elasticsearch, url: str, folder: Path, namespace: str, model: SessionModel) -> None:
        self._es, self._folder, self._namespace = es, folder, namespace
        self._clock, self._log = DayClock(), folder / "sites.log"
        geoip = (write_countries(folder / "countries.mmdb"),)
        self._settings = load_settings(state=folder, ship={"namespace": namespace, "geoip": geoip})
        watched = DetectSettings(index=access_stream(namespace))
        self._detector = Detector(es, EsSettings(url=url), watched, (namespace, model), self._clock)

    def live(self) -> Day:
        """Go through it all, and return what was seen."""
        forget(self._es)
        frame = requests()
        SilenceStore(self._es).add(_silence())
        with smtp_sink() as sink, closing(self._detector):
            engine = self._engine(self._settings.model_copy(update={"smtp": sink.settings()}))
            moment, is_started = START, False
            while moment < END:
                moment += SLICE
                self._clock.moment = moment
                self._ship(frame.filter(pl.col("time").is_between(moment - SLICE, moment, closed="left")), moment)
                if not is_started:
                    self._detector.start(from_beginning=True)
                    is_started = True
                self._detector.step()
                self._es.indices.refresh(index=f"{INCIDENTS},{ANOMALIES}")
                engine.run_once()
            mails = tuple(sink.messages)
        self._answer()
        self._tell_health(frame.height)
        for index in (WATCH_HISTORY, VERDICTS, INCIDENTS, ANOMALIES):
            self._es.indices.refresh(index=index)
        texts = tuple(str(mail.get_body(("plain",)).get_content()) for mail in mails if mail.get_body(("plain",)))  # type: ignore[union-attr]
        return Day(frame, self._namespace, tuple(str(mail["Subject"]) for mail in mails), texts)

    def _engine(self, settings: Settings) -> Engine:
        watches = [read_watch(SHIPPED / f"{name}.json") for name in ("incident", "digest")]
        mailer = Mailer(settings.smtp)
        return Engine(self._es, watches, mailer, settings, self._clock, links=_deeper)

    def _ship(self, frame: pl.DataFrame, moment: datetime) -> None:
        lines = lines_of(frame).to_list()
        if moment == START + 4 * SLICE:
            lines += NO_REQUESTS
        with self._log.open("a", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
        name = LOG_FORMAT.split("'")[1]
        read: Format = compile_directive(name)
        enrichment = Enrichment(self._settings.ship.geoip)
        path = self._settings.state / "ship" / f"{self._namespace}.json"
        with Registry(path) as registry:
            shipper = Shipper(
                self._es, self._settings, self._clock, registry, choose_format=lambda _: read, enrichment=enrichment
            )
            shipper.run_once([str(self._log)])
        self._es.indices.refresh(index=access_stream(self._namespace))

    def _answer(self) -> None:
        """She says that the guessing was real, and takes note of the flood."""
        verdicts = Verdicts(self._es)
        found = {hit["_source"]["wwwatch"]["incident"]["kind"]: hit["_id"] for hit in scan(self._es, index=INCIDENTS)}
        says = {"bruteforce": Saying(Action.TRUE, "admin", "blocked at the firewall")}
        for kind, saying in says.items():
            if kind in found:
                verdicts.say(found[kind], saying, END)

    def _tell_health(self, count: int) -> None:
        stream = health_stream(self._namespace)
        moments = [START + _HEALTH_EVERY * step for step in range(1, int((END - START) / _HEALTH_EVERY) + 1)]
        told = [(part, moment, values) for moment in moments for part, values in _parts(moment, count).items()]
        actions = [
            {
                "_op_type": "create",
                "_index": stream,
                "_id": document_id(part, "www1", iso_millis(moment)),
                "@timestamp": iso_millis(moment),
                "host": {"name": "www1"},
                "wwwatch": {"health": {"component": part, **values}},
            }
            for part, moment, values in told
        ]
        bulk(self._es, actions, refresh=True)


def _parts(moment: datetime, count: int) -> dict[str, dict[str, Any]]:
    """Return what each part would tell at a moment: a slow hour during the flood, else all is well."""
    share = (moment - START) / (END - START)
    done = int(count * share)
    is_busy = moment.hour == 14
    lines = {"on_disk": done, "indexed": done, "already": 0, "dead": 0, "skipped": 0, "pending": 0}
    status = "warn" if is_busy else "ok"
    late = {"message": "the oldest line has been waiting for 41 s"} if is_busy else {}
    flown = moment.replace(minute=0)
    return {
        "shipper": {
            "status": status,
            "lag_seconds": 41.0 if is_busy else 0.6,
            "lines": {**lines, "lost": 0, "doubled": 0},
            **late,
        },
        "detector": {
            "status": "ok",
            "feed": {"events": done, "behind": 900 if is_busy else 12, "seconds": 9.0 if is_busy else 1.2},
            "model": {"digest": "made-up-model", "age_days": 6.0 + share},
        },
        "alerts": {
            "status": "ok",
            "alerts": {"sent": int(7 * share), "held": int(3 * share), "failed": 0, "pending": 0},
        },
        "canary": {
            "status": "ok",
            "canary": {
                "sent": iso_millis(flown),
                "returned": iso_millis(flown + timedelta(seconds=9)),
                "seconds": 21.5 if is_busy else 9.0,
            },
        },
    }


def _silence() -> Silence:
    """Return what she asked for: our own test of the blog's security in the morning."""
    begin, end = START + timedelta(hours=7), START + timedelta(hours=10)
    return Silence("day-silence", begin, end, f"our own test of {BLOG}, not of {SHOP}", "admin", kind="scan")


def links() -> Links:
    """Return what makes links into a made-up Kibana."""
    return Links("https://kibana.example.org")


def guessing(es: Elasticsearch) -> Mapping[str, Any]:
    """Return the day's gravest incident of password guessing."""
    query = {"term": {"wwwatch.incident.kind": "bruteforce"}}
    hits = es.search(index=INCIDENTS, query=query, sort=[{"wwwatch.incident.score": "desc"}], size=1)["hits"]["hits"]
    source: Mapping[str, Any] = hits[0]["_source"]
    return source


def _deeper(hit: Mapping[str, Any]) -> Mapping[str, str]:
    return links().incident(hit.get("_source", hit))


def forget(es: Elasticsearch) -> None:
    """Delete what the day, or another test, left where all share an index."""
    for index, query in (
        (ANOMALIES, {"match_all": {}}),
        (INCIDENTS, {"match_all": {}}),
        (VERDICTS, _RANGE),
        (WATCH_HISTORY, _RANGE),
        (STATE, {"term": {"wwwatch.state.kind": "silence"}}),
    ):
        es.indices.refresh(index=index)
        hits = scan(es, index=index, query={"query": query}, source=False)
        bulk(es, [{"_op_type": "delete", "_index": hit["_index"], "_id": hit["_id"]} for hit in hits], refresh=True)


def live_through(es: Elasticsearch, url: str, folder: Path, namespace: str, model: SessionModel) -> Day:
    """Live through the simulated day in an Elasticsearch that has wwwatch's templates.

    Args:
        es: The cluster.
        url: Its address, for the feed.
        folder: For the log, the registry and the made-up database.
        namespace: Of the data streams; no other test's.
        model: The judge.
    """
    return Life(es, url, folder, namespace, model).live()

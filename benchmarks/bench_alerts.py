"""What a mail costs: requests to Elasticsearch, refreshes, processor time; for new incidents and those that waited.

A real node and a real SMTP server in this process (its processor time counts, too); counted are the requests that the
client sends. `waited` first refuses every mail once (451), as a greylisting server does.

    python benchmarks/bench_alerts.py [--incidents 1000]
"""

import argparse
import json
import logging
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, parse_watch
from alerts.language.files import SHIPPED
from core.client import connect
from core.clock import Clock, iso_millis
from core.node import EmbeddedNode
from core.settings import AlertSettings, EsSettings, Settings, load_settings
from es_templates import apply, plan
from tests.alerting import incident
from tests.smtp_sink import SmtpSink, smtp_sink


class Counting(logging.Handler):
    """Counts the client's requests by what they are for."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one: the transport logs ``POST http://host/path [status:200 ...]``."""
        _, address, *_ = record.getMessage().split(" ", 2)
        steps = [step for step in address.partition("?")[0].split("/")[3:] if step.startswith("_")]
        self.counts[steps[0] if steps else "other"] += 1


class Shifted(Clock):
    """The system's clock, set forward at will, so that no attempt is waited for."""

    ahead = timedelta()

    def now(self):  # noqa: ANN201 - Clock's own
        """Return the time."""
        return super().now() + self.ahead


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=1000)
    incidents = parser.parse_args().incidents
    settings = load_settings()
    logging.getLogger("alerts").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        node = EmbeddedNode(settings.node, cache=settings.cache, state=folder, temporary=True)
        with node, connect(EsSettings(url=node.url)) as client, smtp_sink() as sink:
            apply(client, plan(client))
            measure("new", client, sink, incidents)
            sink.replies = ["451 later"] * incidents
            measure("waited", client, sink, incidents)


def measure(label: str, client: Elasticsearch, sink: SmtpSink, incidents: int) -> None:
    """Mail so many incidents and print what it took."""
    clock, before = Shifted(), len(sink.messages)
    documents = []
    for number in range(incidents):
        stamp = iso_millis(clock.now())
        changes = {"@timestamp": stamp, "wwwatch.incident.updated": stamp}
        documents += [{"index": {"_id": f"{label}-{number}"}}, incident(changes)]
    client.bulk(index=f"bench-{label}", operations=documents, refresh=True)
    data = json.loads((SHIPPED / "incident.json").read_text().replace("wwwatch-incidents", f"bench-{label}"))
    given = Settings(smtp=sink.settings(), alert=AlertSettings(max_per_hour=0, max_per_day=0))
    engine = Engine(client, [parse_watch(data, Path(f"bench-{label}.json"))], Mailer(given.smtp), given, clock)
    counting = Counting()
    transport = logging.getLogger("elastic_transport.transport")
    transport.addHandler(counting)
    transport.setLevel(logging.INFO)
    cpu, begin, runs = clock.cpu(), clock.monotonic(), 0
    while len(sink.messages) - before < incidents and runs < incidents:
        engine.run_once()
        runs += 1
        clock.ahead += timedelta(seconds=10 if sink.replies or label == "waited" else 0)
    spent, took = clock.cpu() - cpu, clock.monotonic() - begin
    transport.removeHandler(counting)
    total = counting.counts.total()
    cost = f"{spent / incidents * 1000:.1f} ms CPU a mail, {total / incidents:.2f} requests a mail"
    print(f"{label}: {incidents} mails in {runs} runs, {incidents / took:.0f} mails/s, {cost}")
    print(f"  {counting.counts['_refresh']} refreshes; {dict(counting.counts)}")
    assert Counter(str(each["Message-ID"]) for each in sink.messages).most_common(1)[0][1] == 1


if __name__ == "__main__":
    main()

"""How long from a line in the log to the anomaly, and to the mail.

Real parts as processes: embedded node, shipper, detector (poll 1 s), alerts, SMTP server. Visitors' lines flow all the
time; every few seconds a client that was never seen before writes a burst of injection attempts in one go. The clock
starts when the burst is in the file.

Baseline: an hourly bucket, as the prebuilt machine-learning jobs for web logs judge a client: half an hour on average.

    python benchmarks/bench_delay.py [--attacks 60] [--lines-per-second 50]
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.client import connect, es_errors
from core.clock import Clock, parse_iso
from core.documents import INCIDENTS, access_stream
from core.node import EmbeddedNode
from core.settings import EsSettings, load_settings
from detector.store import DetectorStore
from simulator import history, render_combined
from wwwatch.demo.mailbox import Mailbox
from wwwatch.demo.parts import Parts

BUCKET_SECONDS = 3600.0
BURST = 12


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attacks", type=int, default=60)
    parser.add_argument("--lines-per-second", type=int, default=50)
    options = parser.parse_args()
    settings, clock = load_settings(), Clock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        node = EmbeddedNode(settings.node, cache=settings.cache, state=folder, temporary=True)
        with node, Mailbox(folder / "mails", clock) as mailbox, connect(EsSettings(url=node.url)) as client:
            stream = access_stream("bench")
            parts = Parts(
                folder,
                {
                    "WWWATCH_ES_URL": node.url,
                    "WWWATCH_STATE": str(folder),
                    "WWWATCH_SHIP_NAMESPACE": "bench",
                    "WWWATCH_DETECT_INDEX": stream,
                    "WWWATCH_SMTP_HOST": "127.0.0.1",
                    "WWWATCH_SMTP_PORT": str(mailbox.port),
                    "WWWATCH_SMTP_TO": "sysadmin@example.org",
                },
            )
            try:
                parts.run("setup")
                parts.run("train", "--json")
                log = folder / "access.log"
                log.touch()
                parts.start("shipper", "ship", str(log))
                parts.start("detector", "detect", "--from", "beginning")
                parts.start("alerts", "alert", "run")
                store = DetectorStore(client, stream)
                while store.load_checkpoint() is None:
                    parts.check()
                    time.sleep(0.1)
                time.sleep(3)
                written = write(log, options.attacks, options.lines_per_second)
                time.sleep(10)
            finally:
                parts.stop()
            with es_errors("read the incidents"):
                client.indices.refresh(index=INCIDENTS)
                found = client.search(index=INCIDENTS, size=1000)["hits"]["hits"]
            report(written, [hit["_source"] for hit in found], {mail.incident: mail.arrived for mail in mailbox.mails})


def write(log: Path, attacks: int, rate: int) -> dict[str, datetime]:
    """Write visitors' lines all the time and a burst now and then; return when each attacker's burst was written."""
    end = datetime.now(UTC)
    visitors = history(end - timedelta(hours=12), end, seed=11)
    lines = render_combined(visitors)
    bodies = [line.split("] ", 1) for line in lines.to_list()]
    begin, sent, written, moment = time.monotonic(), 0, {}, 2.0
    with log.open("a", buffering=1 << 16) as file:
        while len(written) < attacks:
            elapsed = time.monotonic() - begin
            stamp = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
            due = int(elapsed * rate)
            file.writelines(_stamped(bodies[number % len(bodies)], stamp) for number in range(sent, due))
            sent = due
            if elapsed > moment:
                client = f"198.18.{len(written) // 250}.{len(written) % 250 + 1}"
                file.writelines(_attack(client, stamp, number) for number in range(BURST))
                file.flush()
                written[client] = datetime.now(UTC)
                moment += 1.37  # no multiple of the poll, so that every phase of it is met
            file.flush()
            time.sleep(0.02)
    return written


def report(written: dict[str, datetime], incidents: list[dict], mails: dict[str, datetime]) -> None:
    """Print both delays beside the baseline."""
    to_anomaly, to_mail = [], []
    for incident in incidents:
        client, own = incident["source"]["address"][0], incident["wwwatch"]["incident"]
        if client in written:
            to_anomaly.append((parse_iso(own["opened"]) - written[client]).total_seconds())
            if own["id"] in mails:
                to_mail.append((mails[own["id"]] - written[client]).total_seconds())
    print(f"{len(written)} attacks, {len(to_anomaly)} became incidents, {len(to_mail)} mails")
    print(f"{'seconds from the line to':<28}{'median':>8}{'99 %':>8}{'worst':>8}")
    for name, delays in (("the anomaly", to_anomaly), ("the mail", to_mail)):
        if delays:
            worst = max(delays)
            p99 = sorted(delays)[min(int(len(delays) * 0.99), len(delays) - 1)]
            print(f"{name:<28}{statistics.median(delays):>8.2f}{p99:>8.2f}{worst:>8.2f}")
    print(f"{'hourly bucket (baseline)':<28}{BUCKET_SECONDS / 2:>8.0f}{BUCKET_SECONDS:>8.0f}{BUCKET_SECONDS:>8.0f}")


def _stamped(parts: list[str], stamp: str) -> str:
    return f"{parts[0].split('[', 1)[0]}[{stamp}] {parts[1]}\n"


def _attack(client: str, stamp: str, number: int) -> str:
    url = f"/product/{number}?id={number}%27%20UNION%20SELECT%20user,password%20FROM%20users--"
    return f'{client} - - [{stamp}] "GET {url} HTTP/1.1" 200 512 "-" "sqlmap/1.7"\n'


if __name__ == "__main__":
    main()

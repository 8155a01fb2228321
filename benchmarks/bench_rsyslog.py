"""The shipper against rsyslog on the same log: CPU seconds per million lines and peak memory of the whole process.

rsyslog reads the file with imfile and delivers with omelasticsearch in bulk mode, once with each line as it is ("raw")
and once with its fields taken apart by mmnormalize ("fields"). What each does with a line is in docs/benchmarks.md.
Both talk to the same null sink, and with --es-url to the same Elasticsearch. Needs Debian's packages: without them it
says so, and measures wwwatch alone.

    python benchmarks/bench_rsyslog.py [--lines 1000000] [--es-url http://127.0.0.1:9200 [--es-lines 200000]]
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from bench_shipper import serve_null, write_log

ROOT = Path(__file__).parents[1]
RSYSLOGD = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PATIENCE_SECONDS = 600.0
BATCH = 5_000
"""Messages in a bulk request of rsyslog: about what wwwatch sends; its own default of 128 costs more."""

RULES = (
    r'version=2\nrule=:%address:word% %ident:word% %user:word% [%time:char-to:]%] "%method:word% %url:word% '
    r'HTTP/%version:char-to:"%" %status:number% %bytes:number% "%referrer:char-to:"%" "%agent:char-to:"%"\n'
).replace(r"\n", "\n")
"""Takes the combined format's ordinary lines apart; what it does not take goes as it is."""

FIELDS = {
    "address": "source.address",
    "user": "user.name",
    "time": "time",
    "method": "http.request.method",
    "url": "url.original",
    "version": "http.version",
    "status": "http.response.status_code",
    "bytes": "http.response.body.bytes",
    "referrer": "http.request.referrer",
    "agent": "user_agent.original",
}
"""What mmnormalize captures, and the field it is sent as. The time stays text: rsyslog cannot read this format."""


@dataclass(frozen=True)
class Figures:
    """What a process cost, from its start to its end."""

    lines: int
    wall: float
    user: float
    system: float
    megabytes: float

    def row(self, name: str) -> str:
        """Return a line of the table."""
        million = self.lines / 1e6
        cpu = (self.user + self.system) / million
        parts = f"user {self.user / million:.2f}, system {self.system / million:.2f}"
        rate = self.lines / self.wall
        return (
            f"{name:24} {cpu:6.2f} CPU s per million ({parts})  {rate:>9,.0f} lines/s  {self.megabytes:,.0f} MB at most"
        )


def configuration(folder: Path, log: Path, url: str, index: str, *, fields: bool) -> str:
    """Return rsyslog's configuration."""
    where = urlsplit(url)
    constant = 'constant(value="{\\"@timestamp\\":\\"") property(name="timereported" dateFormat="rfc3339")'
    members = [('constant(value="\\",")', 'property(name="msg" format="jsonf" outname="event.original")')]
    members += [(_COMMA, 'property(name="hostname" format="jsonf" outname="host.name")')]
    members += [(_COMMA, 'property(name="$!metadata!filename" format="jsonf" outname="log.file.path")')]
    if fields:
        names = FIELDS.items()
        members += [(_COMMA, f'property(name="$!{name}" format="jsonf" outname="{field}")') for name, field in names]
    template = " ".join([constant, *(part for member in members for part in member), 'constant(value="}")'])
    normalize = f'action(type="mmnormalize" rulebase="{folder}/rules.rb" useRawMsg="off")' if fields else ""
    return f"""
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile")
module(load="mmnormalize")
module(load="omelasticsearch")
main_queue(queue.type="FixedArray" queue.size="50000" queue.dequeueBatchSize="{BATCH}" queue.workerThreads="1")
input(type="imfile" File="{log}" Tag="www:" freshStartTail="off" addMetadata="on" ruleset="ship")
template(name="document" type="list") {{ {template} }}
ruleset(name="ship") {{
  {normalize}
  action(type="omelasticsearch" server="{where.hostname}" serverport="{where.port}" searchIndex="{index}"
    searchType="" bulkmode="on" maxbytes="100m" template="document" errorfile="{folder}/errors"
    action.resumeRetryCount="-1")
}}
"""


_COMMA = 'constant(value=",")'


def measure(command: list[str], environment: dict[str, str], is_done: Callable[[], bool] | None, lines: int) -> Figures:
    """Run a command; one that goes on by itself is ended when all is there."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    wall = None
    while is_done is not None and not is_done():
        time.sleep(0.05)
        if process.poll() is not None or time.perf_counter() - begin > PATIENCE_SECONDS:
            process.kill()
            sys.exit(f"{command[0]} did not deliver all: {process.communicate()[1].decode(errors='replace')[-2000:]}")
    if is_done is not None:
        wall = time.perf_counter() - begin
        process.send_signal(signal.SIGTERM)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    if process.returncode:
        sys.exit(
            f"{command[0]} ended with {process.returncode}: {process.stderr.read().decode(errors='replace')[-2000:]}"
        )
    process.stderr.close()
    wall = wall or time.perf_counter() - begin
    return Figures(lines, wall, used.ru_utime, used.ru_stime, used.ru_maxrss / 1024)


def run_rsyslog(
    folder: Path, log: Path, url: str, index: str, *, fields: bool, is_done: Callable[[], bool], lines: int
) -> Figures:
    """Let rsyslog ship the log, in a folder of its own."""
    assert RSYSLOGD is not None
    own = folder / uuid.uuid4().hex
    own.mkdir()
    (own / "rules.rb").write_text(RULES)
    (own / "rsyslog.conf").write_text(configuration(own, log, url, index, fields=fields))
    command = [RSYSLOGD, "-n", "-f", str(own / "rsyslog.conf"), "-i", str(own / "pid")]
    return measure(command, {}, is_done, lines)


def run_wwwatch(folder: Path, log: Path, url: str, lines: int) -> Figures:
    """Let wwwatch ship the log."""
    environment = {
        "WWWATCH_STATE": str(folder / uuid.uuid4().hex),
        "WWWATCH_ES_URL": url,
        "WWWATCH_SHIP_NAMESPACE": f"bench_{uuid.uuid4().hex[:8]}",
    }
    return measure([sys.executable, "-m", "wwwatch", "ship", "--once", "--json", str(log)], environment, None, lines)


def counted(url: str, index: str, lines: int) -> Callable[[], bool]:
    """Return what tells whether an index of a real Elasticsearch has all lines."""

    def is_done() -> bool:
        time.sleep(0.5)
        try:
            with urlopen(f"{url}/{index}/_count?ignore_unavailable=true") as answer:  # noqa: S310 - the user's own address
                return int(json.load(answer)["count"]) >= lines
        except HTTPError:  # its shard is not up yet
            return False

    return is_done


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--es-url")
    parser.add_argument("--es-lines", type=int, default=200_000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    if RSYSLOGD is None:
        print("no rsyslog here: apt-get install rsyslog rsyslog-elasticsearch; wwwatch alone is measured")
    documents = multiprocessing.Value("q", 0)
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        folder = Path(name)
        sink = multiprocessing.Process(target=serve_null, args=(listener, documents), daemon=True)
        sink.start()
        url, log = f"http://127.0.0.1:{listener.getsockname()[1]}", folder / "access.log"
        write_log(log, options.lines)
        print(f"null sink, {options.lines:,} lines")
        for fields in (False, True) if RSYSLOGD else ():
            documents.value = 0
            done = lambda: documents.value >= options.lines  # noqa: E731 - short
            figures = run_rsyslog(folder, log, url, "bench", fields=fields, is_done=done, lines=options.lines)
            print(figures.row(f"rsyslog, {'fields' if fields else 'raw'}"))
        print(run_wwwatch(folder, log, url, options.lines).row("wwwatch"))
        sink.terminate()
        if options.es_url:
            compare_real(folder, options.es_url, options.es_lines)


def compare_real(folder: Path, url: str, lines: int) -> None:
    """Ship to a real Elasticsearch."""
    log = folder / "access-real.log"
    write_log(log, lines)
    print(f"Elasticsearch, {lines:,} lines")
    for fields in (False, True) if RSYSLOGD else ():
        index = f"bench-{uuid.uuid4().hex[:8]}"
        done = counted(url, index, lines)
        figures = run_rsyslog(folder, log, url, index, fields=fields, is_done=done, lines=lines)
        print(figures.row(f"rsyslog, {'fields' if fields else 'raw'}"))
    print(run_wwwatch(folder, log, url, lines).row("wwwatch"))


if __name__ == "__main__":
    main()

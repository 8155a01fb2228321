"""`wwwatch ship` with other inputs than files: a real nginx that speaks syslog, and standard input."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from core.clock import Clock
from simulator.nginx import Nginx, find_nginx
from tests.server.logs import count, eventually, make_lines, originals

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

CONFIG = """\
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 64; }}
http {{
    access_log syslog:server=unix:{sock},nohostname combined;
    access_log access.log combined;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "fine"; }} }}
}}
"""


@contextmanager
def shipping(es_url: str, namespace: str, *arguments: str, stdin: int | None = None) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "wwwatch", "--es-url", es_url, "ship", "--namespace", namespace, *arguments]
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.skipif(find_nginx() is None, reason="no nginx here")
def test_what_nginx_sends_by_syslog(es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str) -> None:
    binary = find_nginx()
    assert binary is not None
    sock, folder, port = tmp_path / "wwwatch.sock", tmp_path / "nginx", free_port()
    folder.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIG.format(user=user, sock=sock, port=port))
    nginx = Nginx(binary, folder, Clock())
    with shipping(es_url, namespace, "--syslog", f"unix://{sock}") as process:
        eventually(sock.exists)
        nginx.start("127.0.0.1", port)
        try:
            for number in range(50):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/page/{number}?q=%22").read()
        finally:
            nginx.stop()
        eventually(lambda: count(es, namespace) == 50)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    lines = (folder / "access.log").read_text().splitlines()
    assert originals(es, namespace) == Counter(lines)
    hits = es.search(index=f"logs-www.access-{namespace}", size=1)["hits"]["hits"]
    assert hits[0]["_source"]["log"]["file"]["path"] == f"unix://{sock}"
    assert not sock.exists()


@pytest.mark.parametrize("options", [[], ["--once"]])
def test_standard_input_is_shipped_to_its_end(
    es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str, options: list[str]
) -> None:
    lines = make_lines(300)
    with shipping(es_url, namespace, "--json", *options, "-", stdin=subprocess.PIPE) as process:
        out, error = process.communicate("\n".join(lines), timeout=60)
        assert process.returncode == 0, error
    counts = json.loads(out)
    assert (counts["lines"], counts["indexed"]) == (300, 300)
    assert originals(es, namespace) == Counter(lines)


def test_lines_received_before_a_kill_are_shipped_by_the_next_start(
    es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str
) -> None:
    lines = make_lines(200)
    (tmp_path / "other.log").write_text(f"{lines[0]}\n")
    ours, theirs = os.pipe()
    nowhere = "http://127.0.0.1:9"
    with shipping(nowhere, namespace, "-", stdin=ours) as process:
        os.write(theirs, "".join(f"{line}\n" for line in lines[1:]).encode())
        spool = tmp_path / "state" / "spool" / namespace / "stdin"
        eventually(lambda: sum(path.stat().st_size for path in spool.glob("*")) > 100 * len(lines[1]) // 2)
        eventually(lambda: b"".join(path.read_bytes() for path in spool.glob("*")).count(b"\n") == 199)
        process.kill()
    os.close(ours)
    os.close(theirs)
    with shipping(es_url, namespace, "--once", str(tmp_path / "other.log")) as process:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    assert originals(es, namespace) == Counter(lines)


def test_an_address_of_another_kind_is_refused(es_url: str, namespace: str) -> None:
    with shipping(es_url, namespace, "--syslog", "http://127.0.0.1:80") as process:
        _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "use udp://host:port, tcp://host:port or unix:///path" in " ".join(error.split())

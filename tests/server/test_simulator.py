"""Live traffic against a real nginx and against our own server: what is sent is what the log says."""

import json
import os
import pwd
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from click.testing import CliRunner

from core.clock import Clock
from core.settings import Settings
from simulator import LIVE, SimulatorError, demo_site, escape_value
from simulator.addresses import Addresses
from simulator.app import PASSWORD
from simulator.crowd import Crowd
from simulator.dice import Dice
from simulator.journal import Journal, Request
from simulator.live import LiveTraffic
from simulator.nginx import find_nginx
from simulator.player import Player
from simulator.traffic import raid
from simulator.www import Server, Www
from wwwatch.commands.simulate import command
from wwwatch.roof import Roof

COMBINED = re.compile(r'(\S+) - - \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"')
WITHIN_SECONDS = 30.0
needs_nginx = pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed")


class Line(NamedTuple):
    client: str
    time: str
    method: str
    url: str
    protocol: str
    status: str
    size: str
    referrer: str
    agent: str


@pytest.fixture(params=[pytest.param("nginx", marks=needs_nginx), "own"])
def www(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Www]:
    server: Server = request.param
    with Www(tmp_path / "www; with space", server=server) as served:
        assert served.server == server
        yield served


def lines(www: Www) -> list[Line]:
    matches = [COMBINED.fullmatch(line) for line in www.access_log.read_text(encoding="ascii").splitlines()]
    assert all(matches)
    return [Line(*match.groups()) for match in matches if match]


def logged(www: Www, count: int) -> list[Line]:
    """Return the log once it has so many lines: nginx writes a line a moment after the answer has gone."""
    assert eventually(lambda: www.lines_written() >= count)
    assert www.lines_written() == count
    return lines(www)


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def with_workers(pid: int) -> list[psutil.Process]:
    """Return nginx and its worker, which comes a moment later."""
    master = psutil.Process(pid)
    assert eventually(master.children)
    return [master, *master.children(recursive=True)]


def talk(www: Www, request: bytes) -> bytes:
    with socket.create_connection((www.host, www.port), timeout=10) as talker:
        talker.sendall(request)
        return b"".join(iter(lambda: talker.recv(65536), b""))


def ask(www: Www, method: str, path: str, body: str = "", headers: str = "") -> tuple[int, bytes]:
    form = "Content-Type: application/x-www-form-urlencoded\r\n" if body else ""
    request = (
        f"{method} {path} HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n{form}{headers}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    answer = talk(www, request.encode())
    return int(answer.split(b" ", 2)[1]), answer


def play(www: Www, journal: Journal) -> Player:
    player = Player(www.url, demo_site(), Clock())
    player.start()
    at_once = [request._replace(at=0.0) for request in journal]
    player.spawn(player.play(at_once))
    assert eventually(lambda: player.sent + player.failed == len(journal))
    player.stop()
    return player


def test_the_login_works(www: Www) -> None:
    assert ask(www, "POST", "/login", "username=ann&password=wrong")[0] == 401
    status, answer = ask(www, "POST", "/login", f"username=ann&password={PASSWORD}")
    assert status == 302
    assert b"Location: /account" in answer
    status, form = ask(www, "GET", "/login")
    assert (status, b"<form" in form) == (200, True)
    assert [line.status for line in logged(www, 3)] == ["401", "302", "200"]


def test_a_broken_form_is_answered_and_logged(www: Www) -> None:
    headers = "Content-Type: multipart/form-data\r\nContent-Length: 3\r\nHost: x\r\nConnection: close\r\n"
    assert talk(www, f"POST /login HTTP/1.1\r\n{headers}\r\nabc".encode()).split(b" ", 2)[1] == b"400"
    assert [line.status for line in logged(www, 1)] == ["400"]


def test_pages_assets_and_what_is_not_there(www: Www) -> None:
    site = demo_site()
    pages = (*site.pages[:5], *site.page_assets(site.pages[1]), site.feed, "/robots.txt", "/search?q=a%27b", "/cart")
    for path in pages:
        assert ask(www, "GET", path)[0] == 200, path
    assert ask(www, "GET", "/.env")[0] == 404
    assert ask(www, "GET", "/../../etc/passwd")[0] == 400
    assert ask(www, "GET", "/%2e%2e/%2e%2e/etc/passwd")[0] in (400, 404)
    assert ask(www, "POST", "/cart/add")[0] == 302
    assert ask(www, "POST", "/about")[0] == 405
    assert ask(www, "GET", "/img/logo.png", headers="If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT\r\n")[0] == 304


def test_a_page_counts_its_bytes_and_head_none(www: Www) -> None:
    _, answer = ask(www, "GET", "/")
    ask(www, "HEAD", "/")
    get, head = logged(www, 2)
    assert int(get.size) == len(answer.partition(b"\r\n\r\n")[2]) > 1000
    assert (head.status, head.size) == ("200", "0")


def test_hostile_headers_are_escaped_as_rendered_logs_have_them(www: Www) -> None:
    agent = 'x" 200 5 "-" "\\é\t€\x7f' if www.server == "nginx" else 'x" 200 5 "-" "\\é€'
    ask(www, "GET", '/?a="b\\c', headers=f"User-Agent: {agent}\r\n")
    (line,) = logged(www, 1)
    assert line.agent == escape_value(agent)
    assert line.url == escape_value('/?a="b\\c')


def test_the_forwarded_address_is_the_client_and_nonsense_is_not(www: Www) -> None:
    ask(www, "GET", "/", headers="X-Forwarded-For: 198.18.7.7\r\n")
    ask(www, "GET", "/", headers="X-Forwarded-For: 2001:db8::5\r\n")
    ask(www, "GET", "/", headers='X-Forwarded-For: "><script>\r\n')
    assert [line.client for line in logged(www, 3)] == ["198.18.7.7", "2001:db8::5", "127.0.0.1"]


def test_untrusted_senders_keep_their_own_address(tmp_path: Path) -> None:
    for server in ("own", *(["nginx"] if find_nginx() else [])):
        with Www(tmp_path / server, server=server, trusted=("192.0.2.0/24",)) as served:  # type: ignore[arg-type]
            ask(served, "GET", "/", headers="X-Forwarded-For: 198.18.7.7\r\n")
            assert logged(served, 1)[0].client == "127.0.0.1"


def test_every_simulated_request_arrives_as_it_was_simulated(www: Www) -> None:
    dice, addresses, journal = Dice(5), Addresses(Dice(5)), Journal()
    for name in LIVE:
        attack: Journal = []
        raid(name, demo_site(), dice, addresses, attack, at=0.0, brief=True)
        journal += attack[:150]
    crowd = Crowd(demo_site(), dice, addresses)
    for _ in range(15):
        crowd.visit(0.0, journal)
    player = play(www, journal)
    assert (player.sent, player.failed) == (len(journal), 0)
    found = logged(www, len(journal))

    def told(request: Request) -> tuple[str, ...]:
        values = (request.face.client, request.method, request.url, request.referrer, request.face.agent)
        return tuple(map(escape_value, values))

    arrived = Counter((line.client, line.method, line.url, line.referrer, line.agent) for line in found)
    assert arrived == Counter(map(told, journal))
    failures = sum(request.method == "POST" and request.status == 401 for request in journal)
    assert sum(line.status == "401" for line in found) == failures > 100


def test_visitors_come_and_an_attack_joins_them(www: Www) -> None:
    with LiveTraffic(www.url, seed=3, visits_per_minute=1200) as live:
        truth = live.attack("flood")
        assert eventually(lambda: truth.sent > 50 and live.sent > truth.sent + 20)
        assert not truth.done
        live.stop()
        assert (truth.done, truth.kind, truth.name) == (True, "dos", "flood")
        assert truth.wait(0)
    assert live.failed == 0
    by_client = Counter(line.client for line in logged(www, live.sent))
    assert sum(by_client[client] for client in truth.clients) == truth.sent < truth.planned
    assert len(by_client) > len(truth.clients) + 2
    assert truth.first is not None
    assert truth.last is not None
    assert truth.first < truth.last


def test_an_attack_runs_to_its_end(tmp_path: Path) -> None:
    with Www(tmp_path, server="own") as www, LiveTraffic(www.url, seed=1, visits_per_minute=0) as live:
        truths = [live.attack(name) for name in ("scan", "flood")]
        assert all(truth.wait(120) for truth in truths)
        assert [truth.sent for truth in truths] == [truth.planned for truth in truths]
        assert not set(truths[0].clients) & set(truths[1].clients)
        assert live.sent == sum(truth.sent for truth in truths) == len(logged(www, live.sent))


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1", "http://www.example.org/", "http://127.0.0.1.example.org", "http://[2001:db8::1]:80"]
)
def test_other_machines_are_refused(url: str) -> None:
    with pytest.raises(SimulatorError, match="it is not this machine: use a loopback address"):
        LiveTraffic(url, seed=1, visits_per_minute=1)


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:80", "http://", "ftp://localhost"])
def test_a_wrong_address_is_one_sentence(url: str) -> None:
    with pytest.raises(SimulatorError, match="give an address such as"):
        LiveTraffic(url, seed=1, visits_per_minute=1)


def test_a_named_host_is_allowed() -> None:
    LiveTraffic("http://www:8080", seed=1, visits_per_minute=1, allow_hosts=("www",))


def test_nobody_there_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    live = LiveTraffic(f"http://127.0.0.1:{port}", seed=1, visits_per_minute=1)
    with pytest.raises(SimulatorError, match="nobody answers at"):
        live.start()
    with pytest.raises(SimulatorError, match="call start"):
        live.attack("scan")
    live.stop()


@pytest.mark.parametrize("server", [pytest.param("nginx", marks=needs_nginx), "own"])
def test_a_taken_port_is_one_sentence(server: Server, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        served = Www(tmp_path, taken.getsockname()[1], server)
        with pytest.raises(SimulatorError):
            served.start()
        assert served.pid is None


def test_without_nginx_our_own_server_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("simulator.nginx._SYSTEM_PLACES", str(tmp_path))
    with Www(tmp_path / "www") as served:
        assert served.server == "own"
    with pytest.raises(SimulatorError, match="not installed"):
        Www(tmp_path / "www", server="nginx").start()


@needs_nginx
def test_stop_leaves_no_process_and_a_restart_appends(tmp_path: Path) -> None:
    served = Www(tmp_path, server="nginx")
    for started in (1, 2):
        served.start()
        assert served.pid is not None
        ask(served, "GET", "/")
        family = with_workers(served.pid)
        served.stop()
        assert not any(process.is_running() for process in family)
        assert served.lines_written() == started  # the process has gone: nothing can follow
    served.stop()


_SERVE = """
import sys, time
from pathlib import Path
from simulator.www import Www
with Www(Path(sys.argv[1]), server="nginx") as www:
    print(www.pid, www.url, flush=True)
    time.sleep(600)
"""


@needs_nginx
def test_nginx_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            family = with_workers(int(parent.stdout.readline().split()[0]))
        finally:
            parent.kill()
        _, alive = psutil.wait_procs(family, timeout=WITHIN_SECONDS)
        assert not alive


@needs_nginx
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; otherwise all tests run as a user")
def test_an_ordinary_user_can_run_nginx(tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody = pwd.getpwnam("nobody")
    for parent in (folder := tmp_path_factory.mktemp("www")).parents:
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    code = _SERVE.replace("time.sleep(600)", "import urllib.request; print(urllib.request.urlopen(www.url).status)")
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            user="nobody", group=nobody.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
    except PermissionError:
        pytest.skip("this Python is installed for root alone")
    assert done.stdout.splitlines()[1:] == ["200"], done.stderr


@needs_nginx
def test_a_folder_that_nginx_cannot_name_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="use another folder"):
        Www(tmp_path / "$pace", server="nginx").start()


def test_the_command_serves_visits_and_says_so(tmp_path: Path) -> None:
    arguments = ["www", "--server", "own", "--folder", str(tmp_path), "--minutes", "0.05", "--json"]
    result = CliRunner().invoke(command, [*arguments, "--visits-per-minute", "600"], obj=Roof(Settings()))
    assert result.exit_code == 0, result.output
    served, counted = map(json.loads, result.output.splitlines())
    assert served["log"] == str(tmp_path / "access.log")
    assert counted["failed"] == 0
    assert counted["sent"] == len((tmp_path / "access.log").read_text().splitlines()) > 0


def test_the_command_attacks_a_running_server(www: Www, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wwwatch.commands.simulate._FIRST_ATTACK_SECONDS", 0.0)
    arguments = ["visit", "--url", www.url, "--minutes", "0.05", "--attacks", "--visits-per-minute", "0", "--json"]
    result = CliRunner().invoke(command, arguments, obj=Roof(Settings()))
    assert result.exit_code == 0, result.output
    attack, counted = map(json.loads, result.output.splitlines())
    assert (attack["attack"], attack["kind"]) == ("flood", "dos")
    assert attack["requests"] == counted["sent"] > 0
    assert {line.client for line in logged(www, counted["sent"])} <= set(attack["clients"])

"""The page behind the links in mails, over real HTTP, and the commands that say the same."""

import http.client
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from alerts.verdicts.server import VerdictServer
from alerts.verdicts.store import Action, Verdicts
from alerts.verdicts.verdict import MUTED
from core.documents import INCIDENTS, VERDICTS
from core.errors import SettingsError
from tests.alerting import NOW, HandClock, incident
from tests.server.verdict_pages import SIGNER, serving
from wwwatch.cli import cli

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


def invoke(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--es-url", url, *arguments])


@pytest.fixture
def name(es: Elasticsearch) -> Iterator[str]:
    """The id of an incident of this test's own, with markup in what its clients sent."""
    identity = f"test-{uuid.uuid4().hex[:12]}"
    hostile = {"message": "<script>alert(1)</script> \u202e", "wwwatch.incident.id": identity}
    es.index(index=INCIDENTS, id=identity, document=incident(hostile), refresh=True)
    yield identity
    es.options(ignore_status=404).delete(index=INCIDENTS, id=identity, refresh=True)
    es.options(ignore_status=404).delete(index=VERDICTS, id=identity, refresh=True)


def ask(
    address: tuple[str, int], method: str, url: str, body: str | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(*address, timeout=20)
    parts = urlsplit(url)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def link(name: str, action: Action = Action.FALSE) -> str:
    return SIGNER.sign(name, action, NOW + timedelta(days=1))


def test_looking_changes_nothing_and_the_click_does(es: Elasticsearch, name: str) -> None:
    with serving(es, HandClock()) as address:
        answer, page = ask(address, "GET", link(name))
        assert answer.status == 200
        assert "Is it a false alarm?" in page
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; \\u202e" in page
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert Verdicts(es).get(name) is None
        head, nothing = ask(address, "HEAD", link(name))
        assert (head.status, nothing) == (200, "")

        note = urlencode({"note": "<b>ours</b>\r\nreally"})
        answer, page = ask(address, "POST", link(name), note, **{"X-Forwarded-For": "198.51.100.9"})
        assert answer.status == 200
        assert "Noted as a false alarm" in page
    said = Verdicts(es).get(name)
    assert said is not None
    assert (said.verdict, said.mutes_until) == (False, NOW + MUTED)
    assert said.by == "link, from 127.0.0.1 (forwarded for 198.51.100.9)"
    assert said.note == "<b>ours</b> really"
    assert es.get(index=INCIDENTS, id=name)["_source"]["wwwatch"]["incident"]["state"] == "closed"


def test_what_is_not_signed_is_told_nothing(es: Elasticsearch, name: str) -> None:
    changed = link(name).replace("/false?", "/true?")
    with serving(es, HandClock()) as address:
        for method, url in (("GET", changed), ("POST", changed), ("GET", "/"), ("POST", f"/v/{name}/false")):
            answer, page = ask(address, method, url, "note=x" if method == "POST" else None)
            assert answer.status == 404
            assert "does not work" in page
            assert name not in page
    assert Verdicts(es).get(name) is None


def test_other_ways_to_ask(es: Elasticsearch, name: str) -> None:
    clock = HandClock()
    with serving(es, clock) as address:
        assert ask(address, "PUT", link(name))[0].status == 501
        assert ask(address, "POST", link(name), "n" * 9_000)[0].status == 413
        gone = link("no-such-incident")
        assert ask(address, "GET", gone)[0].status == 404
        clock.move(86_400)
        assert ask(address, "POST", link(name), "")[0].status == 410
    assert Verdicts(es).get(name) is None


def test_a_port_that_is_taken_is_said(es: Elasticsearch) -> None:
    with serving(es, HandClock()) as address, pytest.raises(SettingsError, match="cannot listen"):
        VerdictServer(Verdicts(es), SIGNER, HandClock(), address, mutes=MUTED)


def test_elasticsearch_away_is_said_and_changes_nothing(name: str) -> None:
    away = Elasticsearch("http://127.0.0.1:9", max_retries=0, retry_on_timeout=False)
    with serving(away, HandClock()) as address:
        answer, page = ask(address, "POST", link(name), "")
    assert answer.status == 503
    assert "Nothing was changed" in page
    away.close()


def test_the_commands_say_the_same(es_url: str, es: Elasticsearch, name: str) -> None:
    said = invoke(es_url, "incidents", "ack", name, "--by", "boss")
    assert said.stdout == f"{name} is acknowledged.\n"
    said = invoke(es_url, "incidents", "label", name, "false", "--note", "ours \x1b[2J", "--for", "2w", "--by", "boss")
    assert f"{name} is a false alarm, closed; what is alike is muted until" in said.stdout
    shown = invoke(es_url, "incidents", "show", name).stdout
    assert "acknowledged, by boss" in shown
    assert "a false alarm, by boss: ours \\x1b[2J" in shown
    assert "\x1b[2J" not in shown
    document = json.loads(invoke(es_url, "incidents", "show", name, "--json").stdout)
    assert document["verdict"]["note"] == "ours \x1b[2J"
    assert document["wwwatch"]["incident"]["judged"]["state"] == "closed"
    assert json.loads(invoke(es_url, "incidents", "label", name, "true", "--json").stdout)["verdict"] is True
    assert invoke(es_url, "incidents", "close", name).stdout == f"{name} is closed.\n"
    assert es.get(index=INCIDENTS, id=name)["_source"]["wwwatch"]["incident"]["state"] == "closed"


def test_the_commands_refuse_nonsense(es_url: str) -> None:
    missing = invoke(es_url, "incidents", "close", "nonsense")
    assert "there is no incident nonsense" in str(missing.exception)
    assert invoke(es_url, "incidents", "label", "x", "maybe").exit_code == 2
    assert invoke(es_url, "incidents", "label", "x", "true", "--for", "soon").exit_code == 2
    assert "alert.link_key" in str(invoke(es_url, "alert", "serve").exception)

"""Requests against a real web server: one test per way in which they go, or do not go, out."""

import email.utils
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from alerts.channels.request import Request
from alerts.channels.web import Web
from core.errors import WebError
from tests.alerting import NOW, HandClock
from tests.web_sink import WebSink, web_sink


@pytest.fixture
def sink() -> Iterator[WebSink]:
    with web_sink() as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(HandClock()) as running:
        yield running


def request(sink: WebSink, **changes: object) -> Request:
    base = Request("POST", "http", "127.0.0.1", sink.port, "/hook?token=secret", {"X-One": "1"}, b"hello")
    return replace(base, **changes)  # type: ignore[arg-type] # the test's own keywords


def test_requests_share_a_connection(sink: WebSink, web: Web) -> None:
    assert [web.call(request(sink)).status for _ in range(3)] == [200, 200, 200]
    kept = sink.requests[0]
    assert (kept.method, kept.target, kept.body) == ("POST", "/hook?token=secret", b"hello")
    assert (kept.headers["x-one"], kept.headers["user-agent"]) == ("1", "wwwatch")
    assert sink.connections == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_go_well_later_is_retryable(sink: WebSink, web: Web, status: int) -> None:
    sink.replies = [status]
    with pytest.raises(WebError, match=f"127.0.0.1:{sink.port} answered {status}: ok") as failure:
        web.call(request(sink))
    assert failure.value.retryable


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 422])
def test_what_was_refused_is_final_and_redirects_are_not_followed(sink: WebSink, web: Web, status: int) -> None:
    sink.replies, sink.reply_headers = [status], {"location": f"http://127.0.0.1:{sink.port}/elsewhere"}
    with pytest.raises(WebError, match=f"answered {status}") as failure:
        web.call(request(sink))
    assert not failure.value.retryable
    assert len(sink.requests) == 1


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("120", timedelta(seconds=120)),
        (email.utils.format_datetime(NOW + timedelta(minutes=5)), timedelta(minutes=5)),
        (email.utils.format_datetime(NOW - timedelta(minutes=5)), timedelta()),
        ("soon", None),
        ("9" * 50, timedelta(days=1)),
    ],
)
def test_the_wish_to_be_left_alone_is_heard(sink: WebSink, web: Web, header: str, wanted: timedelta | None) -> None:
    sink.replies, sink.reply_headers = [429], {"retry-after": header}
    with pytest.raises(WebError) as failure:
        web.call(request(sink))
    assert failure.value.retry_after == wanted


@pytest.mark.parametrize("fault", ["drop", "half", "hang", "drip head"])
def test_without_a_whole_answer_it_is_tried_later(sink: WebSink, web: Web, fault: str) -> None:
    sink.replies = [fault]
    with pytest.raises(WebError, match="gave no answer") as failure:
        web.call(request(sink, read_seconds=0.2))
    assert failure.value.retryable
    assert web.call(request(sink)).status == 200


def test_an_answer_that_never_ends_is_left() -> None:
    class Ticking(HandClock):
        def monotonic(self) -> float:
            self.move(1)
            return super().monotonic()

    with web_sink(replies=["drip"]) as sink, Web(Ticking()) as web, pytest.raises(WebError, match="takes too long"):
        web.ask(request(sink))


def test_an_answer_that_is_too_large_is_left(sink: WebSink, web: Web) -> None:
    sink.reply_body = b"x" * 100_000
    with pytest.raises(WebError, match="more than 1,000 bytes"):
        web.ask(request(sink), 1000)


def test_nobody_there(web: Web) -> None:
    with web_sink() as sink:
        pass
    with pytest.raises(WebError, match="gave no answer") as failure:
        web.call(request(sink))
    assert failure.value.retryable
    assert "secret" not in str(failure.value)


def test_a_header_that_is_none_is_refused(sink: WebSink, web: Web) -> None:
    headers = {"X-One": "1\r\nX-Two: 2"}
    with pytest.raises(WebError, match="cannot send a request") as failure:
        web.call(request(sink, headers=headers))
    assert not failure.value.retryable
    assert sink.requests == []


def test_a_certificate_is_trusted_when_its_authority_is(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with web_sink(context) as sink:
        with Web(HandClock(), pem) as web:
            assert web.call(request(sink, scheme="https")).status == 200
            sink.replies = ["drip head"]
            with pytest.raises(WebError, match="gave no answer"):
                web.call(request(sink, scheme="https", read_seconds=0.2))
            with pytest.raises(WebError, match="is not trusted"):
                web.call(request(sink, scheme="https", host="localhost"))
        with Web(HandClock()) as web, pytest.raises(WebError, match=r"is not trusted: .*set alert.ca_certs") as failure:
            web.call(request(sink, scheme="https"))
        assert failure.value.retryable
        assert len(sink.requests) == 2


def test_an_authority_that_cannot_be_read_is_named(sink: WebSink, tmp_path: Path) -> None:
    with Web(HandClock(), tmp_path / "none.pem") as web, pytest.raises(WebError, match=r"check alert\.ca_certs"):
        web.call(request(sink))


def test_it_goes_through_a_proxy(sink: WebSink, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://127.0.0.1:{sink.port}"
    web.call(request(sink, host="hooks.example.org", port=80, proxy=proxy))
    monkeypatch.setenv("http_proxy", proxy)
    web.call(request(sink, host="other.example.org", port=80))
    hosts = [kept.target for kept in sink.requests]
    assert hosts == [f"http://{name}.example.org:80/hook?token=secret" for name in ("hooks", "other")]

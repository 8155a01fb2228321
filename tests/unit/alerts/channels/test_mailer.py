"""The mailer against a real server: one test per way in which mail goes, or does not go, out."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from alerts.channels.mailer import Mailer
from alerts.channels.message import Mail, build_message
from core.errors import MailError
from core.settings import SmtpSettings
from tests.alerting import NOW
from tests.smtp_sink import ADMIN, SmtpSink, plain, smtp_sink

SECRET = "correct horse"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def send(settings: SmtpSettings, *texts: str, to: tuple[str, ...] = (ADMIN,)) -> list[tuple[str, ...]]:
    with Mailer(settings).session() as post:
        return [post.send(build_message(mail(text, to)), list(to)) for text in texts or ("hello",)]


def mail(text: str, to: tuple[str, ...] = (ADMIN,)) -> Mail:
    return Mail("wwwatch@shop.example", to, "subject", text, NOW, f"<{text.replace(' ', '')}@shop.example>")


def test_messages_arrive_over_one_connection(sink: SmtpSink) -> None:
    assert send(sink.settings(), "one", "two") == [(ADMIN,), (ADMIN,)]
    assert [plain(message).strip() for message in sink.messages] == ["one", "two"]
    assert sink.envelopes == [("wwwatch@shop.example", [ADMIN])] * 2
    assert sink.connections == 1


def test_a_refused_recipient_does_not_keep_the_others_from_it(sink: SmtpSink) -> None:
    sink.refused = {"gone@shop.example"}
    assert send(sink.settings(), to=(ADMIN, "gone@shop.example")) == [(ADMIN,)]
    assert sink.envelopes == [("wwwatch@shop.example", [ADMIN])]


def test_when_nobody_is_accepted_it_failed_for_good(sink: SmtpSink) -> None:
    sink.refused = {ADMIN}
    with pytest.raises(MailError, match=r"refused every recipient: 550 no such user") as failure:
        send(sink.settings())
    assert not failure.value.retryable


def test_one_deferred_recipient_is_worth_a_retry(sink: SmtpSink) -> None:
    sink.refused, sink.deferred = {ADMIN}, {"later@shop.example"}
    with pytest.raises(MailError, match="450") as failure:
        send(sink.settings(), to=(ADMIN, "later@shop.example"))
    assert failure.value.retryable


@pytest.mark.parametrize(("reply", "retryable"), [("451 busy", True), ("554 spam", False)])
def test_a_refused_message_is_retryable_as_its_code_says(sink: SmtpSink, reply: str, *, retryable: bool) -> None:
    sink.replies = [reply]
    with pytest.raises(MailError, match=f"refused the message: {reply}") as failure:
        send(sink.settings())
    assert failure.value.retryable is retryable
    assert sink.messages == []


def test_after_a_lost_connection_the_next_message_gets_a_new_one(sink: SmtpSink) -> None:
    sink.replies = ["drop"]
    with Mailer(sink.settings()).session() as post:
        with pytest.raises(MailError, match="was lost") as failure:
            post.send(build_message(mail("one")), [ADMIN])
        assert failure.value.retryable
        assert post.send(build_message(mail("two")), [ADMIN]) == (ADMIN,)
    assert [plain(message).strip() for message in sink.messages] == ["two"]
    assert sink.connections == 2


def test_a_server_that_is_away_is_asked_once_per_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with smtp_sink() as sink:
        settings = sink.settings()
    with Mailer(settings).session() as post:
        with pytest.raises(MailError, match="cannot be reached") as first:
            post.send(build_message(mail("one")), [ADMIN])
        with pytest.raises(MailError) as second:
            post.send(build_message(mail("two")), [ADMIN])
    assert second.value is first.value
    assert first.value.retryable


def test_login_where_none_is_offered(sink: SmtpSink) -> None:
    with pytest.raises(MailError, match="lacks what is asked for"):
        send(sink.settings(username="wwwatch", password=SECRET))


def test_starttls_with_a_trusted_certificate_and_login(
    tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path
) -> None:
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with smtp_sink(tls, login=("wwwatch", SECRET)) as sink:
        send(sink.settings(starttls=True, ca_certs=pem, username="wwwatch", password=SECRET))
        assert len(sink.messages) == 1


def test_a_refused_login_says_what_to_check_and_keeps_the_password_to_itself(
    tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path
) -> None:
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with smtp_sink(tls, login=("wwwatch", "another")) as sink:
        with pytest.raises(MailError, match=r"refused the login: 535 .*check smtp.username") as failure:
            send(sink.settings(starttls=True, ca_certs=pem, username="wwwatch", password=SECRET))
        assert failure.value.retryable
        assert SECRET not in str(failure.value)
        assert sink.messages == []


def test_starttls_with_an_untrusted_certificate_sends_nothing(tls: ssl.SSLContext) -> None:
    with smtp_sink(tls) as sink:
        with pytest.raises(MailError, match=r"is not trusted: .*set smtp.ca_certs"):
            send(sink.settings(starttls=True))
        assert sink.messages == []


def test_starttls_for_another_name_sends_nothing(authority: trustme.CA, tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with smtp_sink(context) as sink:
        with pytest.raises(MailError, match="is not trusted"):
            send(sink.settings(starttls=True, ca_certs=pem))
        assert sink.messages == []


def test_starttls_is_never_given_up_where_it_is_not_offered(sink: SmtpSink) -> None:
    with pytest.raises(MailError, match="lacks what is asked for"):
        send(sink.settings(starttls=True))
    assert sink.messages == []

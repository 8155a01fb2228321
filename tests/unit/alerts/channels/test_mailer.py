"""The mailer against a real server: one test per way in which mail goes, or does not go, out."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from alerts.channels.mailer import Handed, Mailer
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


def send(settings: SmtpSettings, *texts: str, to: tuple[str, ...] = (ADMIN,)) -> list[Handed]:
    with Mailer(settings).session() as post:
        return [post.send(build_message(mail(text, to)), list(to)) for text in texts or ("hello",)]


def mail(text: str, to: tuple[str, ...] = (ADMIN,)) -> Mail:
    return Mail("wwwatch@shop.example", to, "subject", text, NOW, f"<{text.replace(' ', '')}@shop.example>")


def test_messages_arrive_over_one_connection(sink: SmtpSink) -> None:
    assert send(sink.settings(), "one", "two") == [Handed((ADMIN,)), Handed((ADMIN,))]
    assert [plain(message).strip() for message in sink.messages] == ["one", "two"]
    assert sink.envelopes == [("wwwatch@shop.example", [ADMIN])] * 2
    assert sink.connections == 1


def test_recipients_are_told_apart_and_one_that_is_refused_does_not_keep_the_others_from_it(sink: SmtpSink) -> None:
    gone, later = "gone@shop.example", "later@shop.example"
    sink.refused, sink.deferred = {gone}, {later}
    (handed,) = send(sink.settings(), to=(ADMIN, gone, later))
    assert handed == Handed((ADMIN,), {later: "450 try again later"}, {gone: "550 no such user"})
    assert sink.envelopes == [("wwwatch@shop.example", [ADMIN])]


def test_when_nobody_is_accepted_nobody_has_it(sink: SmtpSink) -> None:
    sink.refused, sink.deferred = {ADMIN}, {"later@shop.example"}
    (handed,) = send(sink.settings(), to=(ADMIN, "later@shop.example"))
    assert handed == Handed((), {"later@shop.example": "450 try again later"}, {ADMIN: "550 no such user"})
    assert sink.messages == []


def test_a_server_that_closes_the_channel_between_recipients_has_taken_nothing(sink: SmtpSink) -> None:
    sink.closing = {"second@shop.example"}
    with Mailer(sink.settings()).session() as post:
        handed = post.send(build_message(mail("one")), [ADMIN, "second@shop.example", "third@shop.example"])
        assert handed.accepted == ()
        assert handed.deferred.keys() == {ADMIN, "second@shop.example", "third@shop.example"}
        assert post.send(build_message(mail("two")), [ADMIN]).accepted == (ADMIN,)
    assert [plain(message).strip() for message in sink.messages] == ["two"]


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
        assert post.send(build_message(mail("two")), [ADMIN]) == Handed((ADMIN,))
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


def test_tls_from_the_first_byte(tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    with smtp_sink(tls, smtps=True) as sink:
        assert send(sink.settings(tls=True, ca_certs=pem)) == [Handed((ADMIN,))]
        with pytest.raises(MailError, match=r"is not trusted: .*set smtp.ca_certs"):
            send(sink.settings(tls=True))
        assert len(sink.messages) == 1


def test_only_one_kind_of_tls() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        SmtpSettings(tls=True, starttls=True)


def test_a_server_that_hangs_is_waited_for_once_in_a_run(sink: SmtpSink) -> None:
    sink.hanging = {ADMIN}
    with Mailer(sink.settings(timeout_seconds=0.2)).session() as post:
        with pytest.raises(MailError, match=r"was lost while a message was handed over: .*timed out") as first:
            post.send(build_message(mail("one")), [ADMIN])
        with pytest.raises(MailError) as second:
            post.send(build_message(mail("two")), [ADMIN])
    assert second.value is first.value
    assert first.value.retryable
    assert sink.connections == 1


def test_a_server_that_thinks_longer_about_a_whole_message_is_given_the_time(sink: SmtpSink) -> None:
    sink.thinks_seconds = 0.5
    assert send(sink.settings(timeout_seconds=0.2)) == [Handed((ADMIN,))]


def test_a_connection_that_ends_within_the_message_leaves_none(sink: SmtpSink) -> None:
    sink.replies = ["drop"]
    with Mailer(sink.settings()).session() as post, pytest.raises(MailError, match="was lost"):
        post.send(build_message(replace(mail("one"), text="long\n" * 100_000)), [ADMIN])
    assert sink.messages == []

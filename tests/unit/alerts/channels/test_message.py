"""Messages: right for every mail client, and no value adds a header."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.message import Attachment, Mail, build_message, message_id
from core.errors import RuleError
from tests.alerting import NOW
from tests.smtp_sink import html, plain

HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"} | {
    "MIME-Version",
    "Content-Type",
}


def mail(subject: str = "s", text: str = "t", **changes: object) -> Mail:
    values: dict[str, object] = {
        "sender": "wwwatch <wwwatch@shop.example>",
        "to": ["admin@shop.example"],
        "subject": subject,
        "text": text,
        "date": NOW,
        "message_id": "<1@shop.example>",
    }
    return Mail(**{**values, **changes})  # type: ignore[arg-type] # the test's own keywords


def travelled(letter: Mail) -> email.message.EmailMessage:
    message = email.message_from_bytes(bytes(build_message(letter)), policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


def test_both_bodies_and_the_headers_arrive() -> None:
    message = travelled(mail("Größe", "naïve ✓\n", html="<p>naïve ✓</p>", priority="high"))
    assert message["Subject"] == "Größe"
    assert plain(message).strip() == "naïve ✓"
    assert html(message).strip() == "<p>naïve ✓</p>"
    assert message["Date"] == "Sat, 14 Mar 2026 02:15:10 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["X-Priority"], message["Importance"]) == ("2", "high")
    assert message["In-Reply-To"] is None


def test_an_update_answers_to_the_first_mail() -> None:
    message = travelled(mail(references=["<a@shop.example>", "<b@shop.example>"]))
    assert message["In-Reply-To"] == "<a@shop.example>"
    assert message["References"] == "<a@shop.example> <b@shop.example>"


@pytest.mark.parametrize(
    "subject",
    ["x\r\nBcc: evil@example.org", "x\nBcc: a@b\n\nbody", "x\rBcc: a", "x\x0bBcc: a", "x\u2028Bcc: a@b.example"],
)
def test_a_subject_cannot_add_a_header(subject: str) -> None:
    message = travelled(mail(subject, html="<p></p>"))
    assert set(message.keys()) == HEADERS
    assert "Bcc" in message["Subject"]


@given(st.text(), st.text(st.characters(exclude_categories=())))
def test_any_text_makes_a_message_with_the_same_headers(subject: str, text: str) -> None:
    message = travelled(mail(subject, text, html=text))
    assert set(message.keys()) - {"Content-Transfer-Encoding"} == HEADERS
    assert message["To"] == "admin@shop.example"


@pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nBcc: c@d", "a@b, c@d <e@f> x", "<>", "a b@c.example"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(RuleError, match="is not an e-mail address"):
        build_message(mail(to=[address]))


def test_the_id_is_the_same_for_every_attempt_and_lies_in_the_senders_domain() -> None:
    assert message_id("abc", "wwwatch <w@shop.example>") == "<abc@shop.example>"


def test_a_recipient_named_twice_gets_it_once() -> None:
    assert mail(to=["a@x.example", "A <a@x.example>"], cc=["b@x.example"]).recipients == ["a@x.example", "b@x.example"]


def test_who_gets_a_blind_copy_stands_in_no_header() -> None:
    letter = mail(to=[], bcc=["secret@shop.example"])
    assert letter.recipients == ["secret@shop.example"]
    assert b"secret" not in bytes(build_message(letter))
    assert travelled(letter)["To"] == "undisclosed-recipients:;"


def test_the_list_is_the_watch_in_the_senders_domain() -> None:
    assert travelled(mail(watch_id="incident"))["List-Id"] == "<incident.wwwatch.shop.example>"


def test_pictures_belong_to_the_page_and_files_stand_beside_both() -> None:
    chart = Attachment("chart.png", b"\x89PNG", "image/png", "chart")
    files = [Attachment("data.json", b"{}", "application/json"), Attachment("note.txt", "ä".encode(), "text/plain")]
    message = travelled(mail(html='<img src="cid:chart">', inline=[chart], attachments=files))
    kinds = [part.get_content_type() for part in message.walk()]
    page = ["multipart/related", "text/html", "image/png"]
    text = ["multipart/alternative", "text/plain"]
    assert kinds == ["multipart/mixed", *text, *page, "application/json", "text/plain"]
    picture, data, note = (part for part in message.walk() if part.get_filename())
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<chart>", "inline")
    assert (data.get_filename(), data.get_content()) == ("data.json", b"{}")
    assert note.get_content().strip() == "ä"
    assert plain(message).strip() == "t"
    assert html(message).strip() == '<img src="cid:chart">'


@given(st.text(), st.text())
def test_any_name_and_type_make_one_harmless_file(name: str, media_type: str) -> None:
    message = travelled(mail(attachments=[Attachment(name, b"\x00\r\nBcc: a@b.example", media_type)]))
    (part,) = message.iter_attachments()
    assert isinstance(part, email.message.EmailMessage)
    assert part.get_payload(decode=True) == b"\x00\r\nBcc: a@b.example"
    assert "/" not in (part.get_filename() or "")
    assert message["Bcc"] is None

"""Syslog frames and headers, as the senders make them."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.reader import MAX_LINE
from shipper.syslog import Frames, as_line, strip_headers

LINE = b'192.0.2.1 - - [05/Mar/2021:09:01:38 +0100] "GET / HTTP/1.1" 200 5 "-" "a: b [c] <13>1 d"'
HEADERS = {
    "nginx": b"<190>Nov 23 06:45:00 www1 nginx: ",
    "nginx, nohostname": b"<190>Nov  3 06:45:00 nginx: ",
    "HAProxy": b"<134>Nov 23 06:45:00 haproxy[1234]: ",
    "logger, local": b"<13>Nov 23 06:45:00 root: ",
    "rsyslog, forwarded": b"<13>2026-11-23T06:45:00.123456+00:00 www1 httpd[77]: ",
    "IPv6 host": b"<190>Nov 23 06:45:00 2001:db8::1 nginx: ",
    "RFC 5424": b"<13>1 2026-11-23T06:45:00.123Z www1 nginx 77 - - ",
    "RFC 5424, nothing known": b"<13>1 - - - - - - ",
    "RFC 5424, data": rb'<13>1 - www1 nginx - ID47 [a@1 x="1 \] \" \\" y=""][b@1] ',
    "RFC 5424, BOM": b"<13>1 - www1 nginx - - - \xef\xbb\xbf",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_headers_are_left_out(header: bytes) -> None:
    assert strip_headers((header + LINE + b"\n") * 3) == (LINE + b"\n") * 3
    assert strip_headers(header + b"\n") in (b"\n", header + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        b"",
        b"<190>",
        b"<190>Nov 23 06:45:00 www1 " + LINE,
        b"<9999>Nov 23 06:45:00 a b: c",
        b'<13>1 - - - - - [a x="',
    ],
)
def test_what_is_not_syslog_stays(line: bytes) -> None:
    assert strip_headers(line + b"\n") == line + b"\n"


def test_a_hostile_header_takes_no_time() -> None:
    for piece in (b'[a x="\\"', b"a:", b"[a]", b"a ", b'[a x="1"]'):
        for start in (b"<13>1 - - - - - ", b"<13>Nov 23 06:45:00 "):
            data = start + piece * 50_000 + b"!\n"
            assert strip_headers(data).endswith(b"!\n")


def test_a_message_is_one_line() -> None:
    assert as_line(b"a\nb\r\n\0") == b"a\\x0ab\n"


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


MESSAGE = st.tuples(st.sampled_from([*HEADERS.values(), b""]), st.text(max_size=20).map(str.encode), st.booleans())


@given(st.lists(MESSAGE, max_size=10), st.lists(st.integers(0, 2_000), max_size=10))
def test_where_the_network_cuts_changes_nothing(messages: list[tuple[bytes, bytes, bool]], cuts: list[int]) -> None:
    stream, expected = b"", b""
    for header, text, is_counted in messages:
        if is_counted and header:
            stream += counted(header + b"." + text)
            expected += as_line(header + b"." + text)
        else:
            line = header + b"." + re.sub(rb"[\n\r\0]", b"", text)
            stream += line + b"\n"
            expected += line + b"\n"
    frames, found = Frames(is_syslog=True), b""
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in pairwise(places):
        found += frames.feed(stream[start:end])
    assert found + frames.close() == expected


def test_lines_that_begin_with_a_number_are_lines() -> None:
    frames = Frames(is_syslog=True)
    assert frames.feed(LINE + b"\n12 34\n5 <6\n" + LINE) == LINE + b"\n12 34\n5 <6\n"
    assert frames.close() == LINE + b"\n"


@pytest.mark.parametrize("is_syslog", [True, False])
def test_an_endless_line_is_cut_and_forgotten(is_syslog: bool) -> None:
    frames = Frames(is_syslog=is_syslog)
    found = b"".join(frames.feed(b"x" * 500_000) for _ in range(20)) + frames.feed(b"x\nnext\n")
    assert [len(line) for line in found.split(b"\n")] == [MAX_LINE + 1, 4, 0]


def test_a_count_too_large_to_be_one_is_none() -> None:
    frames = Frames(is_syslog=True)
    assert frames.feed(b"9999999 <13>a\nb\n") == b"9999999 <13>a\nb\n"

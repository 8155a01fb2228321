"""Clean lines: whatever is read by its quotes alone is what the regular expression reads."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import fields
from enrich import FORMATS, CleanReader, Enrichment, Events, clean, is_quick, read_requests
from enrich.clean import find_ends

COMBINED = FORMATS["combined"]
NOBODY = Enrichment()
PLAIN = '192.0.2.1 - - [31/Jan/2026:08:15:00 +0000] "GET /a?b=1 HTTP/1.1" 200 12 "-" "Mozilla/5.0 (X11)"'
ASKED = (
    fields.TIMESTAMP,
    fields.SOURCE_ADDRESS,
    fields.USER_AGENT,
    fields.METHOD,
    fields.URL_ORIGINAL,
    fields.URL_DOMAIN,
    fields.REFERRER,
    fields.STATUS,
    fields.BODY_BYTES,
)

ODD = (
    PLAIN.replace("/a?b=1", '/a\\"b'),
    PLAIN.replace('"Mozilla/5.0 (X11)"', '"say \\"hi\\""'),
    PLAIN.replace('"Mozilla/5.0 (X11)"', '"ends in a backslash\\"'),
    PLAIN.replace('"Mozilla/5.0 (X11)"', '"cut'),
    PLAIN.replace('"Mozilla/5.0 (X11)"', '"'),
    PLAIN.replace('"-"', "-"),
    PLAIN.replace('"-" ', '"-"'),
    PLAIN.replace("- - [", '"a b" - ['),
    PLAIN.replace("- - [", "- two words ["),
    PLAIN.replace("31/Jan", "31/Feb"),
    PLAIN.replace("GET /a?b=1 HTTP/1.1", ""),
    PLAIN.replace("GET /a?b=1 HTTP/1.1", "\\x16\\x03\\x01"),
    PLAIN.replace("GET /a?b=1 HTTP/1.1", "-"),
    PLAIN.replace("200 12", "200"),
    " " + PLAIN,
    "-" + PLAIN,
    "",
    "nothing of the sort",
)
CLEAN = (
    PLAIN,
    PLAIN + " 0.003 rest",
    PLAIN + ' "198.51.100.7"',
    PLAIN.replace('"Mozilla/5.0 (X11)"', '"-"'),
    PLAIN.replace('"-"', '""'),
    PLAIN.replace('"-"', '"https://example.org/\\\\"'),
    PLAIN.replace("192.0.2.1", "2001:db8::7"),
    PLAIN.replace("/a?b=1", "http://example.org/x"),
    PLAIN.replace("200 12", "- -"),
    PLAIN.replace("Mozilla", "Möwe"),
)


def compare(lines: list[str], *, end: str = "\n", reader: CleanReader | None = None) -> list[bool]:
    """Return which lines are clean; each of them must read as `read_requests` reads it."""
    data = ("\n".join(lines) + end).encode()
    found = (reader or CleanReader(COMBINED, NOBODY)).read(data)
    assert found is not None
    assert [data[:at].count(b"\n") for at in found.ends] == list(range(len(lines)))
    chosen = pl.Series(lines, dtype=pl.String).filter(pl.Series(found.is_clean))
    other = read_requests(chosen, COMBINED, NOBODY)
    events = Events(pl.DataFrame(), found.tables)
    for name in ASKED:
        assert events.column(name).equals(other.column(name), null_equal=True), name
    return [bool(each) for each in found.is_clean]


@pytest.mark.parametrize("line", CLEAN)
def test_an_ordinary_line_is_clean(line: str) -> None:
    """It reads as the regular expression reads it, whatever stands beside it."""
    assert compare([PLAIN, line, "short", line]) == [True, True, False, True]


@pytest.mark.parametrize("line", ODD)
def test_what_does_not_fit_is_left_to_the_patterns(line: str) -> None:
    """An odd line is not clean, and does its neighbours no harm, be it the first of all."""
    assert compare([line, PLAIN, line, PLAIN]) == [False, True, False, True]


def test_the_last_line_needs_no_end() -> None:
    """A log that is being written ends anywhere."""
    assert compare([PLAIN, PLAIN], end="") == [True, True]


def test_bytes_that_are_no_text_are_not_read() -> None:
    """Somebody else shows them as escapes."""
    assert CleanReader(COMBINED, NOBODY).read(PLAIN.encode() + b"\n\xff\xfe\n") is None


def test_only_the_plain_combined_format_is_quick() -> None:
    """Others have more, or less, between their quotes."""
    assert [name for name, entry in FORMATS.items() if is_quick(entry)] == ["combined"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(CLEAN), st.integers(0, 90), st.text('"\\ -[]a\x16é', max_size=3)), max_size=6)
)
def test_whatever_is_clean_reads_the_same(edits: list[tuple[str, int, str]]) -> None:
    """Quotes, backslashes and spaces anywhere never make a line read otherwise than by its pattern."""
    lines = [PLAIN, *(line[:at] + text + line[at + len(text) :] for line, at, text in edits)]
    assert compare(lines)[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from((*CLEAN, *ODD)), min_size=1, max_size=5), max_size=4))
def test_what_was_read_before_changes_nothing(batches: list[list[str]]) -> None:
    """What a reader knows of texts is true of the same texts later, fitting or not."""
    reader = CleanReader(COMBINED, NOBODY)
    for batch in batches:
        assert compare(batch, reader=reader) == [line in CLEAN for line in batch]


@pytest.mark.parametrize("data", [b"", b"\n", b"a\n\nb\n", b"a" * 20, b"a" * 7 + b"\n" + b"b" * 30 + b"\n", b"\n" * 9])
def test_every_line_feed_is_found(data: bytes) -> None:
    """However near they are, and wherever the last line ends."""
    ends = [at for at, byte in enumerate(data) if byte == ord("\n")]
    assert find_ends(data).tolist() == ends + [len(data)] * (not data.endswith(b"\n"))


def test_what_is_forgotten_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of ever new texts takes no more memory than the bound."""
    monkeypatch.setattr(clean, "_MOST", 3)
    reader = CleanReader(COMBINED, NOBODY)
    for batch in range(6):
        lines = [PLAIN.replace("/a?b=1", f"/{batch}/{number}") for number in range(3)]
        assert compare([*lines, *CLEAN, *ODD], reader=reader) == [True] * (3 + len(CLEAN)) + [False] * len(ODD)

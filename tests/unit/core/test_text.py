"""Text that is safe to look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import printable, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (12, "12"),
        ("usual text, Größe, 図", "usual text, Größe, 図"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb", "a\\r\\nb"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\u05d0", "\\u05d0"),
        ("a\u0301", "a\\u0301"),
        ("\udc80", "\\udc80"),
        ("\u200b\u2028\ufeff", "\\u200b\\u2028\\ufeff"),
    ],
)
def test_what_could_drive_reorder_or_hide_is_written_as_an_escape(value: object, shown: str) -> None:
    assert visible(value) == shown
    assert printable(value) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 300, 10) == "xxxxxxxxxx … (300 characters in all)"
    assert printable("x" * 300) == "x" * 300


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_it_is_it_becomes_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)

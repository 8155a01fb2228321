"""Times read by the minute are those that are read whole."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.moments import Moments

LAYOUT = "[%d/%b/%Y:%H:%M:%S %z] "
NUMBER = st.one_of(st.integers(0, 70).map("{:02}".format), st.sampled_from(("+5", " 5", ":5", "5:", "é1", "", "0é")))
ZONE = st.sampled_from(("+0000", "-0930", "+000é"))
TEXT = st.builds("[{}/Jan/2026:{}:{}:{} {}] ".format, NUMBER, NUMBER, NUMBER, NUMBER, ZONE)
WHO = st.sampled_from(("192.0.2.1 - - ", "2001:db8::7 - - ", "é - - ", "192.0.2.1 - root ", " - - ", "- ", ""))
HEAD = st.one_of(st.builds("{}{}".format, WHO, TEXT), st.text("é -[]1", max_size=12))


def read(texts: pl.Series) -> pl.Series:
    return texts.str.extract(r"^[^ ]+ [^ ]+ (\[.*)$").str.to_datetime(LAYOUT, time_unit="us", strict=False)


def take(moments: Moments, heads: list[str | None]) -> tuple[list[bool], list[object]]:
    """Return which heads are plain, and the times, of lines that go on after them."""
    starts = np.cumsum([0, *(len((head or "").encode()) + len('"GET"\n') for head in heads)])[:-1]
    data = "".join(f'{head or ""}"GET"\n' for head in heads).encode()
    is_plain, times = moments.read(data, pl.Series("head", heads, pl.String), starts)
    return is_plain.tolist(), times.to_list()


def told(heads: list[str | None]) -> list[object]:
    """Return the time after the client, read by itself."""
    return read(pl.Series("head", [head and head.partition(" ")[2] for head in heads], pl.String)).to_list()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), HEAD), max_size=8), max_size=3))
def test_times_by_the_minute_are_the_times(batches: list[list[str | None]]) -> None:
    """Whatever stands there, and whatever was read before; and a plain head is a client and what has a fixed length."""
    moments = Moments(read)
    for heads in batches:
        is_plain, times = take(moments, heads)
        assert times == told(heads)
        for head in (head for head, plain in zip(heads, is_plain, strict=True) if plain):
            assert head is not None
            assert head[-34:-28] == " - - ["
            assert read(pl.Series([head[-33:]])).item() is not None


def test_a_minute_is_read_once() -> None:
    """Its seconds cost next to nothing, and whoever logged in."""
    asked: list[str] = []

    def tell(texts: pl.Series) -> pl.Series:
        asked.extend(texts)
        return read(texts)

    moments = Moments(tell)
    for who in ("192.0.2.1 - -", "2001:db8::1 - -", "192.0.2.1 - root"):
        for begin in (0, 30):
            heads: list[str | None] = [f"{who} [01/Jan/2026:08:15:{begin + at:02} +0000] " for at in range(30)]
            is_plain, times = take(moments, heads)
            assert times == told(heads)
            assert is_plain == [not who.endswith("root") and (len(heads[0] or "") >= 40 or at > 0) for at in range(30)]
    assert asked == ["- - [01/Jan/2026:08:15:00 +0000] ", "- root [01/Jan/2026:08:15:00 +0000] "]

"""Times read by the minute are those that are read whole."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.moments import Moments

LAYOUT = "[%d/%b/%Y:%H:%M:%S %z] "
NUMBER = st.one_of(st.integers(0, 70).map("{:02}".format), st.sampled_from(("+5", " 5", ":5", "5:", "é1", "")))
ZONE = st.sampled_from(("+0000", "-0930"))
TEXT = st.builds("[{}/Jan/2026:{}:{}:{} {}] ".format, NUMBER, NUMBER, NUMBER, NUMBER, ZONE)


def read(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime(LAYOUT, time_unit="us", strict=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), TEXT, st.text(max_size=12)), max_size=8), max_size=3))
def test_times_by_the_minute_are_the_times(batches: list[list[str | None]]) -> None:
    """Whatever stands there, and whatever was read before."""
    moments = Moments(read)
    for batch in batches:
        texts = pl.Series("when", batch, pl.String)
        places, times = moments.read(texts)
        assert times.gather(places).to_list() == read(texts).to_list()


def test_a_minute_is_read_once() -> None:
    """Its seconds cost next to nothing."""
    asked: list[str] = []

    def tell(texts: pl.Series) -> pl.Series:
        asked.extend(texts)
        return read(texts)

    moments = Moments(tell)
    for begin in (0, 30):
        texts = [f"[01/Jan/2026:08:15:{second:02} +0000] " for second in range(begin, begin + 30)]
        assert moments.read(pl.Series("when", texts))[1].dt.second().to_list() == list(range(begin, begin + 30))
    assert asked == ["[01/Jan/2026:08:15:00 +0000] "]

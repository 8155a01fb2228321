"""The picture in a mail: every request is in it once, and it says in words what it shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.mails.picture import BARS, Stay, count_bars, draw_activity

START = 1_773_454_324.0
stays = st.builds(
    lambda start, length, requests: Stay(START + start, START + start + length, {"4xx": requests}),
    st.floats(0, 90_000),
    st.floats(0, 7_200),
    st.integers(1, 5_000).map(float),
)


@given(st.lists(stays, min_size=1, max_size=6))
def test_bars_hold_every_request_once_and_are_few(given: list[Stay]) -> None:
    bars = count_bars(given)
    total = sum(stay.requests["4xx"] for stay in given)
    assert sum(bar["requests"] for bar in bars) == pytest.approx(total, abs=0.01 * len(bars) + 0.01)
    assert len({bar["time"] for bar in bars}) <= BARS + 1


def test_a_picture_is_a_png_with_words() -> None:
    picture = draw_activity([Stay(START, START + 180, {"4xx": 390.0, "2xx": 22.0})])
    assert picture is not None
    assert picture.png.startswith(b"\x89PNG")
    assert len(picture.png) < 100_000
    assert picture.alt.startswith("Requests over time: 412 in all")
    assert "95 % 4xx, 5 % 2xx" in picture.alt
    assert "by its session" in picture.caption


def test_nothing_to_draw_is_no_picture() -> None:
    assert draw_activity([]) is None
    assert draw_activity([Stay(START, START, {"2xx": 3.0})]) is None

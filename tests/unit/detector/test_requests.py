"""What is told of few requests is counted as if all of them were looked at; answers alike are all found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features import prepare
from detector.profile import SiteProfile
from detector.requests import ODD_STATUS, RARE
from detector.rows import number_rows
from detector.totals import COMMON_ANSWERS, is_repeated
from tests.unit.detector.frames import events_of, request

PATHS = st.sampled_from(["/", "/a.css", "/robots.txt", "/login", "/.env", "/b?x=1", "/b?x=2"])
MINE = st.builds(
    request,
    st.integers(0, 4000),
    PATHS,
    method=st.sampled_from(["GET", "POST", "HEAD", None, "<script>"]),
    status=st.sampled_from([None, 200, 206, 302, 401, 404, 410, 500]),
    address=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
)


@settings(max_examples=30)
@given(st.lists(MINE, min_size=1, max_size=20))
def test_what_is_told_of_few_is_counted_like_what_is_told_of_many(made: list[dict[str, object]]) -> None:
    prepared = prepare(events_of(*made))
    for profile in (SiteProfile.empty(), SiteProfile.of(prepared.head(3))):
        found = number_rows(prepared, profile)
        for name in RARE:
            assert found.odd.count(name).tolist() == found.count(found.has(name)).tolist()
        missing = found.status >= ODD_STATUS
        assert found.odd.each(found.odd.status >= ODD_STATUS).tolist() == found.count(missing).tolist()


def test_of_few_only_what_is_rare_is_known() -> None:
    odd = number_rows(prepare(events_of(request(0, "/"))), SiteProfile.empty()).odd
    with pytest.raises(ValueError, match="is_asset"):
        odd.has("is_asset")


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([200, 302]), st.integers(1, 4)), max_size=60))
def test_no_answer_that_is_repeated_is_passed_over(made: list[tuple[int, int, int]]) -> None:
    owners, status, size = (np.array([each[place] for each in made], np.int64) for place in range(3))
    found = is_repeated(owners, status.astype(np.int16), size)
    assert all(found[row] for row, each in enumerate(made) if made.count(each) > COMMON_ANSWERS)

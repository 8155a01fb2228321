"""What a history has answered is the same when it is asked again, however much was asked between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import served
from detector.features import prepare
from detector.profile import SiteProfile
from detector.rows import number_rows
from detector.served import Answers
from tests.unit.detector.frames import events_of, request

ASKED = st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=8, unique=True), max_size=8)


@given(ASKED, st.integers(0, 10))
def test_each_key_is_answered_alike_and_asked_once_while_it_is_kept(asked: list[list[int]], most: int) -> None:
    answers, seen = Answers(), list[int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "MOST_ANSWERS", most)
        for keys in asked:
            own = np.array(keys, np.uint64)

            def ask(rows: np.ndarray, own: np.ndarray = own) -> np.ndarray:
                seen.extend(own[rows].tolist())
                return (own[rows] % 251).astype(np.uint8)

            assert answers.recall(own, ask).tolist() == [key % 251 for key in keys]
    if len({key for keys in asked for key in keys}) <= most:
        assert len(seen) == len(set(seen))


def test_the_same_path_of_another_site_is_another_question() -> None:
    shop = events_of(*(request(0, "/basket", domain="shop.example", address=f"192.0.2.{last}") for last in (1, 2, 3)))
    profile, answers = SiteProfile.of(prepare(shop)), Answers()
    for domain, unknown in (("shop.example", False), ("other.example", False), ("shop.example", False)):
        asked = prepare(events_of(request(9, "/basket", domain=domain), request(9, "/new", domain="shop.example")))
        for given_answers in (answers, Answers()):
            found = number_rows(asked, profile, given_answers).has("is_unknown")
            assert sorted(found.tolist()) == [unknown, True]

"""The bits of a request's word."""

import numpy as np
import pytest

from detector.prepare import prepare
from detector.words import BIT, FOUND, HINTS, TOLD, mask
from tests.unit.detector.frames import events_of, request


@pytest.mark.parametrize("more", [HINTS, FOUND])
def test_bits_are_each_for_itself_and_fit_into_a_word(more: tuple[str, ...]) -> None:
    bits = [BIT[name] for name in (*TOLD, *more)]
    assert len(set(bits)) == len(bits)
    assert max(bits) <= np.iinfo(np.uint32).max


def test_no_hint_is_left_where_others_will_be_found() -> None:
    odd = [
        request(0, "/api/login", method="POST", status=401),
        request(1, "/upload/a.php", method="PUT", status=201),
        request(2, "http://other.example/", method="BREW", status=400),
        request(3, "/?s=union+select", status=200),
    ]
    words = prepare(events_of(*odd))["word"].to_numpy()
    assert not (words & ~np.uint32(mask(TOLD))).any()
    assert (words & mask(("is_login", "is_malformed", "is_shell"))).any()

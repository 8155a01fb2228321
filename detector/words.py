"""A request's word: one number with a bit for each thing that is said of a request, cheaper than a column for each."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

TOLD = (
    "is_asset",
    "is_page",
    "is_numbered",
    "is_login",
    "at_login",
    "login_failed",
    "login_succeeded",
    "is_blind_login",
    "is_malformed",
    "is_shell",
    "is_linked",
    "is_head",
    "is_change",
    "is_dav",
    "is_robots",
    "is_search",
    "is_echo",
)
"""What a request tells by itself: see `detector.prepare.prepare`."""

HINTS = (
    "at_shared_login",
    "is_api_login",
    "is_guarded_login",
    "is_grant",
    "asks_login",
    "is_signed",
    "has_words",
    "is_upload_script",
    "is_foreign_url",
    "is_posted",
    "is_odd_method",
)
"""What texts tell that means something only together with the answer: FOUND takes their bits."""

FOUND = (
    "is_plain",
    "is_missing",
    "is_got",
    "is_guess",
    "is_read",
    "is_read_unlinked",
    "is_leafed",
    "is_leafed_unlinked",
    "is_probe",
    "is_knock",
    "is_unknown",
    "is_foreign",
    "has_failed",
    "has_succeeded",
    "is_denied_again",
)
"""What others of its session, the answer and the site's history say of it: see `detector.rows`."""

BIT = {name: 1 << place for more in (HINTS, FOUND) for place, name in enumerate((*TOLD, *more))}


def mask(names: Iterable[str]) -> int:
    """Return the word in which these hold."""
    return sum(BIT[name] for name in names)


def said(which: NDArray[np.bool_], name: str) -> Words:
    """Return words in which this holds where it is so, shape (n,)."""
    return np.asarray(which.astype(np.uint32) * BIT[name])

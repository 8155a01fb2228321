"""How regular the times between a session's requests are."""

import numpy as np

from detector.peaks import in_time
from detector.requests import Floats, Requests
from detector.sessions import SECOND


def gap_medians(requests: Requests) -> Floats:
    """Return the median time between requests in seconds, NaN for a single request, shape (m,)."""
    several = np.flatnonzero(requests.sizes > 1)
    found = np.full(len(requests.begins), np.nan)
    if not len(several):
        return found
    # A session's first request has a gap of 0, which comes first when all are sorted, and is passed over.
    _, ordered = in_time(requests.order.session, requests.order.gap)
    begins, gaps = requests.begins[several], requests.sizes[several] - 1
    low, high = begins + 1 + (gaps - 1) // 2, begins + 1 + gaps // 2
    found[several] = (ordered[low] / SECOND + ordered[high] / SECOND) / 2
    return found


def gap_variations(requests: Requests) -> Floats:
    """Return the standard deviation of the time between requests over its mean, NaN below three requests."""
    gaps, several = requests.sizes - 1, requests.sizes > 2  # noqa: PLR2004 - two gaps at least
    found = np.full(len(gaps), np.nan)
    seconds = requests.order.gap / SECOND
    means = requests.total(seconds) / np.maximum(gaps, 1)
    apart = seconds - means[requests.order.session]
    apart[requests.begins] = 0.0
    found[several] = np.sqrt(requests.total(apart * apart)[several] / (gaps[several] - 1)) / (means[several] + 0.01)
    return found

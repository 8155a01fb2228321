"""How regular the times between a session's requests are."""

import numpy as np

from detector.requests import Floats, Requests
from detector.segments import sort_numbers, width
from detector.sessions import SECOND


def gap_medians(requests: Requests) -> Floats:
    """Return the median time between requests in seconds, NaN for a single request, shape (m,)."""
    several = np.flatnonzero(requests.sizes > 1)
    found = np.full(len(requests.begins), np.nan)
    if not len(several):
        return found
    is_gap = np.ones(len(requests.order.gap), np.bool_)
    is_gap[requests.begins] = False
    gaps, owners = requests.order.gap[is_gap], requests.order.session[is_gap]
    bits = np.uint64(width(int(gaps.max())))
    ordered = sort_numbers((owners.view(np.uint64) << bits) | gaps.view(np.uint64))
    ordered = ordered & np.uint64((1 << int(bits)) - 1)
    sizes = requests.sizes[several] - 1
    ends = np.cumsum(sizes)
    low, high = ends - sizes + (sizes - 1) // 2, ends - sizes + sizes // 2
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

"""The table of features of a session's own requests, and all features together.

The order of the table is the order of the model's columns. docs/features.md is written from it.
"""

import numpy as np

from detector.feature import (
    DORAN,
    KRUEGEL,
    OIKONOMOU,
    SHANNON,
    STEVANOVIC,
    TAN,
    Feature,
    count,
    count_rare,
    ratio,
    share,
    share_answered,
    share_rare,
)
from detector.gaps import gap_medians, gap_variations
from detector.prepare import FORBIDDEN, UNAUTHORIZED
from detector.requests import Floats, Requests
from detector.segments import Bools
from detector.sessions import SECOND
from detector.table_context import CONTEXT
from detector.table_signs import AGENT, ATTACK, LOGIN
from detector.words import BIT

__all__ = ["BY_NAME", "FEATURES", "NAMES", "Feature"]


def _page(requests: Requests) -> Bools:
    return ~requests.has("is_asset")


def _durations(requests: Requests) -> Floats:
    times, begins = requests.order.times, requests.begins
    return np.asarray((times[begins + requests.sizes - 1] - times[begins]) / SECOND)


def _bytes(requests: Requests) -> Floats:
    return requests.total(np.maximum(requests.size, 0))


def _mean_bytes(requests: Requests) -> Floats:
    return ratio(_bytes(requests), requests.count(requests.size >= 0))


def _unlinked(requests: Requests) -> Floats:
    pages = _page(requests)
    return ratio(requests.count(pages & ~requests.has("is_linked")), requests.count(pages))


def _variants(requests: Requests) -> Floats:
    """Count distinct URLs beyond distinct paths: those with a query, less the paths that came with nothing else."""
    pairs = requests.paths
    asked = pairs.owner[(pairs.words & BIT["is_plain"]) == 0]
    return requests.urls.count(len(requests.begins)) - requests.each(asked)


def _mean_query(requests: Requests) -> Floats:
    owners, lengths = requests.order.session[requests.asked], requests.query_length
    return ratio(
        np.bincount(owners, lengths, len(requests.begins)).astype(np.float64), requests.each(owners[lengths > 0])
    )


def _most_entropy(requests: Requests) -> Floats:
    most = np.zeros(len(requests.begins))
    np.maximum.at(most, requests.order.session[requests.asked], requests.query_entropy)
    return most


def _distinct(requests: Requests, name: str | None = None) -> Floats:
    return requests.paths.count(len(requests.begins), name)


VOLUME = (
    Feature(
        "requests",
        "count",
        "requests in the session",
        "{} requests",
        1,
        lambda requests: requests.sizes.astype(np.float64),
        STEVANOVIC,
        is_habit=True,
    ),
    Feature(
        "duration",
        "seconds",
        "first to last request",
        "active for {}",
        0,
        _durations,
        STEVANOVIC,
        is_habit=True,
    ),
    Feature("pages", "count", "requests for other than assets", "{} requests for pages", 1, count(_page), TAN),
    Feature("peak_1s", "count", "most requests within one second", "{} requests within 1 s", 1, source=OIKONOMOU),
    Feature("peak_10s", "count", "most requests within 10 s", "{} requests within 10 s", 1, None, OIKONOMOU, True),
    Feature("peak_60s", "count", "most requests within one minute", "{} requests within 1 min", 1, source=OIKONOMOU),
    Feature("gap_median", "seconds", "median time between requests", "a request every {}", 0, gap_medians, TAN, True),
    Feature(
        "gap_variation",
        "ratio",
        "standard deviation of the time between requests over its mean; 0 is a metronome",
        "time between requests varies by a factor of {}",
        0,
        gap_variations,
        TAN,
        is_habit=True,
    ),
    Feature("bytes_mean", "bytes", "mean size of an answer", "{} per answer", 0, _mean_bytes, DORAN, True),
    Feature(
        "bytes_total",
        "bytes",
        "size of all answers",
        "{} taken",
        1,
        _bytes,
        STEVANOVIC,
    ),
)

OUTCOME = (
    Feature("share_3xx", "share", "redirects", "{} redirected", 0, share_answered(300, 399), DORAN, True),
    Feature(
        "share_4xx",
        "share",
        "answers 400 to 499",
        "{} of requests answered 4xx",
        1,
        share_answered(400, 499),
        STEVANOVIC,
        is_habit=True,
    ),
    Feature("share_401", "share", "answers 401", "{} of requests answered 401", 1, share_answered(UNAUTHORIZED)),
    Feature("share_403", "share", "answers 403", "{} of requests answered 403", 1, share_answered(FORBIDDEN)),
    Feature("share_404", "share", "answers 404 and 410", "{} of requests answered 404", 1, share_rare("is_missing")),
    Feature(
        "share_5xx",
        "share",
        "answers 500 to 599",
        "{} of requests answered 5xx",
        1,
        share_answered(500, 599),
    ),
    Feature(
        "missing_paths",
        "count",
        "distinct paths answered 404 or 410",
        "{} different paths that do not exist",
        1,
        lambda requests: _distinct(requests, "is_missing"),
    ),
)

SHAPE = (
    Feature(
        "share_post",
        "share",
        "methods that change something: other than GET, HEAD, OPTIONS and PROPFIND",
        "{} of requests change something (POST and the like)",
        1,
        share_rare("is_change"),
        TAN,
        is_habit=True,
    ),
    Feature(
        "share_head",
        "share",
        "HEAD and OPTIONS",
        "{} of requests are HEAD or OPTIONS",
        0,
        share_rare("is_head"),
        STEVANOVIC,
        is_habit=True,
    ),
    Feature(
        "malformed",
        "count",
        "requests without a known method, without a path, or for another host's URL",
        "{} malformed requests",
        1,
        count_rare("is_malformed"),
    ),
    Feature("distinct_paths", "count", "distinct paths", "{} different paths", 0, _distinct, TAN, True),
    Feature(
        "share_distinct",
        "share",
        "distinct paths per request",
        "{} of requests for a path not asked before",
        0,
        lambda requests: _distinct(requests) / requests.sizes,
        DORAN,
        is_habit=True,
    ),
    Feature(
        "query_variants",
        "count",
        "distinct URLs beyond distinct paths",
        "{} variations of query strings",
        1,
        _variants,
    ),
    Feature(
        "share_asset",
        "share",
        "style sheets, scripts, images, fonts",
        "{} of requests for images, styles and scripts",
        0,
        share(lambda requests: requests.has("is_asset")),
        STEVANOVIC,
        is_habit=True,
    ),
    Feature(
        "linked_assets",
        "count",
        "images, styles, scripts asked with a referrer, as a browser does that shows a page",
        "{} images, styles or scripts loaded as browsers do",
        -1,
        count(lambda requests: requests.has("is_asset") & requests.has("is_linked")),
        DORAN,
    ),
    Feature(
        "share_no_referrer",
        "share",
        "pages asked without a referrer",
        "{} of pages asked without a referrer",
        1,
        _unlinked,
        STEVANOVIC,
        is_habit=True,
    ),
    Feature(
        "depth_mean",
        "ratio",
        "mean number of slashes in the path",
        "paths {} levels deep",
        0,
        lambda requests: requests.total(requests.depth) / requests.sizes,
        TAN,
    ),
    Feature(
        "depth_max",
        "count",
        "most slashes in a path",
        "a path {} levels deep",
        0,
        lambda requests: requests.most(requests.depth),
        STEVANOVIC,
    ),
    Feature(
        "url_length_max",
        "characters",
        "longest URL",
        "a URL of {}",
        1,
        lambda requests: requests.most(requests.url_length),
        KRUEGEL,
        True,
    ),
    Feature(
        "query_length_mean",
        "characters",
        "mean length of the query strings there are",
        "query strings of {}",
        1,
        _mean_query,
        KRUEGEL,
        is_habit=True,
    ),
    Feature(
        "query_entropy",
        "bits",
        "highest entropy of a query string, per byte",
        "a query string of {} a byte",
        0,
        _most_entropy,
        SHANNON,
    ),
    Feature(
        "robots",
        "count",
        "requests for robots.txt",
        "{} requests for robots.txt",
        0,
        count_rare("is_robots"),
        STEVANOVIC,
    ),
)

FEATURES: tuple[Feature, ...] = (*VOLUME, *OUTCOME, *SHAPE, *LOGIN, *ATTACK, *AGENT, *CONTEXT)
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
BY_NAME = {feature.name: feature for feature in FEATURES}

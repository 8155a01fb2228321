"""The table of features: what each one means, how it is computed, and how it reads in a reason.

The order of the table is the order of the model's columns. docs/features.md is written from it.
"""

from dataclasses import dataclass

import polars as pl

from enrich.signs import SIGNS


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about a session.

    Attributes:
        name: Column name.
        unit: `count`, `share` (0 to 1), `seconds`, `bytes`, `characters`, `per minute`, `ratio` or `flag`.
        meaning: A clause for the documentation.
        phrase: How a value reads in a reason; `{}` is the value in its unit.
        compute: Aggregation over a session's requests (columns of `detector.features.prepare`), None for context
            features, which are joined from the client's and the site's other requests.
        is_local: Whether its usual values differ from site to site, so that only the novelty learner, which knows this
            site, may use it: a classifier taught on other sites would learn how long their URLs are.
    """

    name: str
    unit: str
    meaning: str
    phrase: str
    compute: pl.Expr | None = None
    is_local: bool = False


def _share(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).mean()


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).sum()


_STATUS = pl.col("status")
_METHOD = pl.col("method")
_PAGE = ~pl.col("is_asset")

VOLUME = (
    Feature("requests", "count", "requests in the session", "{} requests", pl.len()),
    Feature(
        "duration",
        "seconds",
        "first to last request",
        "active for {}",
        (pl.col("time").max() - pl.col("time").min()).dt.total_microseconds() / 1e6,
    ),
    Feature("peak_10s", "count", "most requests within one 10 s interval", "{} requests within 10 s"),
    Feature("pages", "count", "requests for other than assets", "{} requests for pages", _count(_PAGE)),
    Feature(
        "bytes_mean",
        "bytes",
        "mean size of an answer",
        "{} per answer on average",
        pl.col("bytes").fill_null(0).mean(),
        is_local=True,
    ),
    Feature("gap_median", "seconds", "median time between requests", "a request every {}", pl.col("gap").median()),
    Feature(
        "gap_variation",
        "ratio",
        "standard deviation of the time between requests over its mean; 0 is a metronome",
        "time between requests varies by a factor of {}",
        pl.col("gap").std() / (pl.col("gap").mean() + 0.01),
    ),
)

OUTCOME = (
    Feature(
        "share_4xx", "share", "answers 400 to 499", "{} of requests answered 4xx", _share(_STATUS.is_between(400, 499))
    ),
    Feature(
        "share_404", "share", "answers 404 and 410", "{} of requests answered 404", _share(_STATUS.is_in([404, 410]))
    ),
    Feature(
        "share_denied",
        "share",
        "answers 401 and 403",
        "{} of requests answered 401 or 403",
        _share(_STATUS.is_in([401, 403])),
    ),
    Feature(
        "share_5xx", "share", "answers 500 to 599", "{} of requests answered 5xx", _share(_STATUS.is_between(500, 599))
    ),
    Feature(
        "missing_paths",
        "count",
        "distinct paths answered 404 or 410",
        "{} different paths that do not exist",
        pl.col("path").filter(_STATUS.is_in([404, 410])).n_unique(),
    ),
)

SHAPE = (
    Feature(
        "share_post",
        "share",
        "methods other than GET, HEAD and OPTIONS",
        "{} of requests change something (POST and the like)",
        _share(~_METHOD.is_in(["GET", "HEAD", "OPTIONS"])),
    ),
    Feature(
        "share_head",
        "share",
        "HEAD and OPTIONS",
        "{} of requests are HEAD or OPTIONS",
        _share(_METHOD.is_in(["HEAD", "OPTIONS"])),
    ),
    Feature("distinct_paths", "count", "distinct paths", "{} different paths", pl.col("path").n_unique()),
    Feature(
        "share_distinct",
        "share",
        "distinct paths per request",
        "{} of requests for a path not asked before",
        pl.col("path").n_unique() / pl.len(),
    ),
    Feature(
        "query_variants",
        "count",
        "distinct URLs beyond distinct paths",
        "{} variations of query strings",
        pl.col("url").n_unique() - pl.col("path").n_unique(),
    ),
    Feature(
        "share_asset",
        "share",
        "style sheets, scripts, images, fonts",
        "{} of requests for images, styles and scripts",
        _share(pl.col("is_asset")),
        is_local=True,
    ),
    Feature(
        "share_no_referrer",
        "share",
        "pages asked without a referrer",
        "{} of pages asked without a referrer",
        pl.col("referrer").filter(_PAGE).is_null().mean(),
    ),
    Feature(
        "depth_mean",
        "ratio",
        "mean number of slashes in the path",
        "paths {} levels deep on average",
        pl.col("path").str.count_matches("/", literal=True).mean(),
        is_local=True,
    ),
    Feature(
        "url_length_max", "characters", "longest URL", "a URL of {}", pl.col("url").str.len_chars().max(), is_local=True
    ),
    Feature(
        "robots",
        "count",
        "requests for robots.txt",
        "{} requests for robots.txt",
        _count(pl.col("path") == "/robots.txt"),
    ),
)

LOGIN = (
    Feature(
        "login_attempts", "count", "credentials posted to a login path", "{} login attempts", _count(pl.col("is_login"))
    ),
    Feature(
        "login_failures",
        "count",
        "login attempts answered 400, 401, 403, 422, 429, or 200 (the form again)",
        "{} failed login attempts",
        _count(pl.col("login_failed")),
    ),
    Feature(
        "login_successes",
        "count",
        "login attempts answered 201, 204 or 3xx",
        "{} login attempts that seem to have succeeded",
        _count(pl.col("login_succeeded")),
    ),
)

ATTACK = tuple(
    Feature(
        f"signs_{sign.name}",
        "count",
        f"URLs that look like {sign.meaning}",
        f"{{}} URLs that look like {sign.meaning}",
        pl.col(f"sign_{sign.name}").sum(),
    )
    for sign in SIGNS
)

AGENT = (
    Feature(
        "agent_tool",
        "flag",
        "the user agent is a program",
        "the user agent is a program, not a browser",
        pl.col("agent_tool").first().cast(pl.Float64),
    ),
    Feature(
        "agent_crawler",
        "flag",
        "the user agent says it is a crawler or monitor",
        "the user agent calls itself a crawler or monitor",
        pl.col("agent_crawler").first().cast(pl.Float64),
    ),
    Feature(
        "agent_missing",
        "flag",
        "no user agent",
        "no user agent at all",
        (pl.col("user_agent").first() == "").cast(pl.Float64),
    ),
)

CONTEXT = (
    Feature("client_requests", "count", "the client's requests in all its sessions", "{} requests from this address"),
    Feature(
        "client_peak_10s",
        "count",
        "the client's most requests within 10 s",
        "{} requests within 10 s from this address",
    ),
    Feature(
        "client_user_agents", "count", "user agents that the client shows", "{} different user agents from this address"
    ),
    Feature(
        "client_missing_paths",
        "count",
        "distinct paths that the client asked for and that do not exist",
        "{} different paths that do not exist asked from this address",
    ),
    Feature(
        "client_probes",
        "count",
        "the client's URLs that look like a sensitive file, an administration panel or a web shell",
        "{} URLs from this address that no visitor asks for",
    ),
    Feature(
        "client_exploits",
        "count",
        "the client's URLs that look like injection, scripting, traversal or remote execution",
        "{} URLs from this address that look like an exploit",
    ),
    Feature(
        "client_login_failures",
        "count",
        "the client's failed logins in all its sessions",
        "{} failed logins from this address",
    ),
    Feature(
        "site_login_clients",
        "count",
        "addresses that fail to log in to the same site within 10 minutes (0 if this session does not)",
        "one of {} addresses that failed to log in within 10 min",
    ),
)

FEATURES: tuple[Feature, ...] = (*VOLUME, *OUTCOME, *SHAPE, *LOGIN, *ATTACK, *AGENT, *CONTEXT)
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
GENERAL: tuple[str, ...] = tuple(feature.name for feature in FEATURES if not feature.is_local)
"""The features that mean the same on every site: the classifier's."""
BY_NAME = {feature.name: feature for feature in FEATURES}

"""Each feature of the table on a few requests whose right answer is counted by hand."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from detector.context import Context
from detector.events import EVENT_SCHEMA
from detector.features import IDENTITY, features, prepare
from detector.table import BY_NAME, FEATURES, GENERAL, NAMES
from enrich.signs import SIGNS
from tests.unit.detector.frames import at, events_of, logins, request, sessions_of

PAGES = [request(0, "/"), request(3, "/a"), request(6, "/a?x=1"), request(30, "/a?x=2"), request(31, "/style.css")]
STATUSES = [request(second, f"/{second}", status=status) for second, status in enumerate((200, 404, 410, 403, 500))]
ATTACKS = [
    request(0, "/?id=1%20union%20select%20a%20from%20b"),
    request(1, "/?q=%3Cscript%3E"),
    request(2, "/../../etc/passwd"),
    request(3, "/?x=$%7Bjndi:ldap://a%7D"),
    request(4, "/.env"),
    request(5, "/phpmyadmin/"),
    request(6, "/c99.php"),
    request(7, "/about"),
    request(8, "/?u=http://169.254.169.254/"),
    request(9, "/HNAP1/"),
    request(10, "/dump.sql"),
    request(11, "/server-status"),
    request(12, "/dana-na/auth/url_default/welcome.cgi"),
    request(13, "/wp-includes/wlwmanifest.xml"),
    request(14, "/wp-content/uploads/up.php"),
    request(15, "www.example.com:443"),
]
ODDS = [
    request(0, "/login", method="POST", status=401),
    request(1, "/login", method="POST", status=302),
    request(2, "/login", method="GET", status=200),
    request(3, "/logo.png", method="HEAD"),
]
TWO_FACES = [
    request(0, "/a", status=404, user_agent="one"),
    request(1, "/.git/config", status=404, user_agent="two"),
    request(2, "/?q=%3Cscript%3E", user_agent="two"),
    request(2.5, "/login", method="POST", status=401, user_agent="two"),
    request(60, "/c", user_agent="one"),
]

ANSWERS: list[tuple[str, list[dict[str, Any]], float]] = [
    ("requests", PAGES, 5),
    ("duration", PAGES, 31),
    ("peak_10s", PAGES, 3),
    ("pages", PAGES, 4),
    ("bytes_mean", [request(0, bytes=100), request(1, bytes=None), request(2, bytes=50)], 50),
    ("gap_median", PAGES, 3),
    ("gap_variation", [request(0), request(1), request(4)], 2**0.5 / 2.01),
    ("share_4xx", STATUSES, 0.6),
    ("share_404", STATUSES, 0.4),
    ("share_denied", STATUSES, 0.2),
    ("share_5xx", STATUSES, 0.2),
    ("missing_paths", [*STATUSES, request(9, "/1?again", status=404)], 2),
    ("share_post", ODDS, 0.5),
    ("share_head", ODDS, 0.25),
    ("distinct_paths", PAGES, 3),
    ("share_distinct", PAGES, 0.6),
    ("query_variants", PAGES, 2),
    ("share_asset", PAGES, 0.2),
    ("share_no_referrer", [request(0), request(1, referrer="https://example.org/"), request(2, "/a.css")], 0.5),
    ("depth_mean", [request(0, "/"), request(1, "/a/b/c?d=/e")], 2),
    ("url_length_max", PAGES, len("/style.css")),
    ("robots", [request(0, "/robots.txt"), request(1, "/robots.txt"), request(2, "/robots.txt.bak")], 2),
    ("login_attempts", ODDS, 2),
    ("login_failures", ODDS, 1),
    ("login_successes", ODDS, 1),
    *((f"signs_{sign.name}", ATTACKS, 1) for sign in SIGNS),
    ("agent_tool", [request(user_agent="sqlmap/1.8")], 1),
    ("agent_tool", [request()], 0),
    ("agent_crawler", [request(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)")], 1),
    ("agent_crawler", [request()], 0),
    ("agent_missing", [request(user_agent=None)], 1),
    ("agent_missing", [request()], 0),
    ("client_requests", TWO_FACES, 5),
    ("client_peak_10s", TWO_FACES, 4),
    ("client_user_agents", TWO_FACES, 2),
    ("client_missing_paths", TWO_FACES, 2),
    ("client_probes", TWO_FACES, 1),
    ("client_exploits", TWO_FACES, 1),
    ("client_login_failures", TWO_FACES, 1),
    ("site_login_clients", [*logins(1), *logins(2, address="192.0.2.2"), request(9, address="192.0.2.3")], 2),
]


@pytest.mark.parametrize(("name", "requests", "answer"), ANSWERS)
def test_a_feature_counts_what_it_says(name: str, requests: list[dict[str, Any]], answer: float) -> None:
    assert sessions_of(*requests)[name][0] == pytest.approx(answer)


def test_every_feature_has_an_answer_above() -> None:
    assert {name for name, _, _ in ANSWERS} == set(NAMES)
    assert len(set(NAMES)) == len(FEATURES)


def test_columns_are_identity_and_the_table_without_nulls() -> None:
    sessions = sessions_of(request(0, None, user_agent=None, method=None, status=None, bytes=None, domain=None))
    assert sessions.columns == [*IDENTITY, *NAMES]
    assert set(sessions.select(NAMES).dtypes) == {pl.Float64}
    assert sessions.null_count().sum_horizontal().item() == 0


def test_identity_names_client_span_and_the_page_asked_most() -> None:
    requests = [request(5, "/a"), request(0, "/b"), request(7, "/a?x"), *(request(8, "/i.png") for _ in range(9))]
    row = sessions_of(*requests).row(0, named=True)
    assert (row["client"], row["start"], row["end"], row["top_path"]) == ("192.0.2.1", at(0), at(8), "/a")


def test_a_session_of_assets_alone_has_no_top_path() -> None:
    assert sessions_of(request(0, "/a.css"))["top_path"][0] == ""


@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 429])
def test_login_answers_that_fail(status: int) -> None:
    row = sessions_of(request(0, "/wp-login.php", method="POST", status=status)).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (1, 0)


@pytest.mark.parametrize("status", [201, 204, 302, 303])
def test_login_answers_that_succeed(status: int) -> None:
    row = sessions_of(request(0, "/api/login/", method="POST", status=status)).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (0, 1)


@pytest.mark.parametrize("status", [404, 500, 503])
def test_login_answers_that_say_nothing(status: int) -> None:
    row = sessions_of(request(0, "/login", method="POST", status=status)).row(0, named=True)
    assert (row["login_attempts"], row["login_failures"], row["login_successes"]) == (1, 0, 0)


def test_failing_logins_count_the_addresses_of_this_and_the_interval_before() -> None:
    first, second, later = (logins(1, address=f"192.0.2.{n}", start=t) for n, t in ((1, 0), (2, 301), (3, 901)))
    elsewhere = logins(1, address="192.0.2.4", start=302, domain="example.com")
    counted = sessions_of(*first, *second, *later, *elsewhere)["site_login_clients"].to_list()
    assert counted == [1, 2, 1, 1]


def test_a_given_context_wins_over_the_requests_own() -> None:
    everybody = prepare(events_of(*logins(1), *logins(1, address="192.0.2.2"), *logins(1, address="192.0.2.3")))
    mine = everybody.filter(pl.col("client") == "192.0.2.1")
    assert features(mine)["site_login_clients"].to_list() == [1]
    assert features(mine, Context.of(everybody))["site_login_clients"].to_list() == [3]


def test_order_of_rows_changes_nothing(traffic: pl.DataFrame) -> None:
    key = ["client", "user_agent", "start", "domain"]
    ordered = features(prepare(traffic)).sort(key)
    shuffled = features(prepare(traffic.sample(fraction=1.0, shuffle=True, seed=3))).sort(key)
    assert_frame_equal(ordered, shuffled)


def test_input_stays_as_it_was(traffic: pl.DataFrame) -> None:
    before = traffic.clone()
    prepared = prepare(traffic)
    kept = prepared.clone()
    features(prepared)
    assert_frame_equal(traffic, before)
    assert_frame_equal(prepared, kept)


def test_all_clients_at_once_are_as_each_alone(traffic: pl.DataFrame) -> None:
    prepared = prepare(traffic)
    context = Context.of(prepared)
    clients = prepared["client"].unique().sort().to_list()[:150]
    together = features(prepared.filter(pl.col("client").is_in(clients)), context)
    alone = pl.concat([features(prepared.filter(pl.col("client") == client), context) for client in clients])
    key = ["client", "user_agent", "start", "domain"]
    assert_frame_equal(together.sort(key), alone.sort(key))


def test_no_events_give_no_sessions() -> None:
    sessions = features(prepare(pl.DataFrame(schema=EVENT_SCHEMA)))
    assert sessions.height == 0
    assert sessions.columns == [*IDENTITY, *NAMES]


def test_prepare_keeps_rows_and_their_order(traffic: pl.DataFrame) -> None:
    shuffled = traffic.sample(fraction=1.0, shuffle=True, seed=4)
    assert_frame_equal(prepare(shuffled).select("time", "client", "bytes"), shuffled.select("time", "client", "bytes"))


def test_local_features_are_not_the_classifiers() -> None:
    assert set(NAMES) - set(GENERAL) == {name for name, feature in BY_NAME.items() if feature.is_local} != set()


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_feature_can_be_said(feature: Any) -> None:
    units = {"count", "share", "seconds", "bytes", "characters", "per minute", "ratio", "flag"}
    assert feature.unit in units
    assert feature.meaning
    assert ("{}" in feature.phrase) == (feature.unit != "flag")
    assert "7" in feature.phrase.format("7") or feature.unit == "flag"

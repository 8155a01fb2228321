"""Each feature of the table on a few requests whose right answer is counted by hand."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from detector.context import Context
from detector.events import EVENT_SCHEMA
from detector.features import IDENTITY, features, prepare
from detector.profile import SiteProfile
from detector.table import FEATURES, NAMES
from enrich.signs import SIGNS
from tests.unit.detector.frames import BROWSER, at, events_of, logins, request, sessions_of

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
LET_IN = [request(0, "/login", method="POST", status=302), request(1, "/home"), request(9, "/login")]
QUERIES = [request(0, "/a"), request(1, "/a?ab"), request(2, "/a?aabb")]
LINKED = [request(0), request(1, "/a.css", referrer="https://example.org/"), request(2, "/b.css"), request(3, "/b")]
MISSING = [
    request(0, "/a", status=404),
    request(1, "/b", status=404, referrer="https://example.org/"),
    request(2, "/c.png", status=410),
    request(3, "/a", status=404),
]
SAME = [request(number, f"/{number}", bytes=77) for number in range(6)]
KNOCKS = [request(0, "/.env", status=404), request(1, "/.env", status=404), request(2, "/phpmyadmin/", status=404)]
SHELLS = [
    request(0, "/c99.php", status=404),
    request(1, "/uploads/a/x.php", method="POST"),
    request(2, "/uploads/y.php"),
]
TWO_FACES = [
    request(0, "/a", status=404, user_agent="one"),
    request(1, "/.git/config", status=404, user_agent="two"),
    request(2, "/?q=%3Cscript%3E", user_agent="two"),
    request(2.5, "/login", method="POST", status=401, user_agent="two"),
    request(60, "/c", user_agent="one"),
]

SCRIPT = [
    request(50 + number, f"/script/{number}", address="192.0.2.1", user_agent="curl/8.4.0") for number in range(9)
]
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.0.0 Safari/537.36"
)


def opened(numbers: int, agent: str = BROWSER, shows: int | None = None) -> list[dict[str, Any]]:
    """Return an interface's numbers; the first so many of them (or all) as a browser shows a page, with an image."""
    shown = numbers if shows is None else shows
    urls = [f"/api/items?page={number}" for number in range(numbers)]
    images = [f"https://example.org{url}" for url in urls[:shown]]
    return [
        *(request(number, url, user_agent=agent) for number, url in enumerate(urls)),
        *(request(n + 0.5, f"/{n}.png", referrer=page, user_agent=agent) for n, page in enumerate(images)),
    ]


ANSWERS: list[tuple[str, list[dict[str, Any]], float]] = [
    ("requests", PAGES, 5),
    ("duration", PAGES, 31),
    ("peak_1s", PAGES, 1),
    ("peak_1s", [request(0), request(0.4), request(0.9), request(1.2)], 3),
    ("peak_10s", PAGES, 3),
    ("peak_10s", [request(8), request(9), request(11), request(17), request(18)], 4),
    ("peak_60s", [*PAGES, request(61)], 5),
    ("pages", PAGES, 4),
    ("bytes_mean", [request(0, bytes=100), request(1, bytes=None), request(2, bytes=50)], 75),
    ("bytes_total", [request(0, bytes=100), request(1, bytes=None), request(2, bytes=50)], 150),
    ("gap_median", PAGES, 3),
    ("gap_variation", [request(0), request(1), request(4)], 2**0.5 / 2.01),
    ("share_4xx", STATUSES, 0.6),
    ("share_404", STATUSES, 0.4),
    ("share_3xx", [request(0, status=302), request(1)], 0.5),
    ("share_401", [request(0, status=401), request(1)], 0.5),
    ("share_403", STATUSES, 0.2),
    ("share_5xx", STATUSES, 0.2),
    ("missing_paths", [*STATUSES, request(9, "/1?again", status=404)], 2),
    ("share_post", ODDS, 0.5),
    ("share_head", ODDS, 0.25),
    ("distinct_paths", PAGES, 3),
    ("share_distinct", PAGES, 0.6),
    ("query_variants", PAGES, 2),
    ("share_asset", PAGES, 0.2),
    ("share_no_referrer", [request(0), request(1, referrer="https://example.org/"), request(2, "/a.css")], 0.5),
    ("linked_assets", LINKED, 1),
    ("malformed", [request(0, method="\x16\x03"), request(1, method="CONNECT"), request(2)], 2),
    ("malformed", [request(0, "http://other.example/"), request(1, None, method=None, status=408)], 1),
    ("malformed", [request(0, None, method=None, status=400, bytes=0), request(1, "CONNECT", method="CONNECT")], 1),
    ("malformed", [request(each, None, method=None, status=400, bytes=226) for each in range(3)], 3),
    ("query_length_mean", QUERIES, 3),
    ("query_entropy", QUERIES, 1),
    ("depth_max", [request(0, "/"), request(1, "/a/b/c?d=/e")], 3),
    ("depth_mean", [request(0, "/"), request(1, "/a/b/c?d=/e")], 2),
    ("url_length_max", PAGES, len("/style.css")),
    ("robots", [request(0, "/robots.txt"), request(1, "/robots.txt"), request(2, "/robots.txt.bak")], 2),
    ("login_attempts", ODDS, 2),
    ("login_failures", ODDS, 2),
    ("login_failures", [request(0, "/login", method="POST", status=302), request(1, "/home")], 0),
    ("login_failures", [request(0, "/api/login", method="POST", status=200)], 0),
    ("login_failures", [request(0, "/login", method="POST", status=200)], 1),
    ("login_successes", ODDS, 0),
    ("login_successes", LET_IN, 1),
    ("denied_repeats", [request(second, "/x", status=401) for second in range(4)], 3),
    ("denied_repeats", [request(0, "/x", status=401), request(1, "/x"), request(2, "/x", status=401)], 0),
    ("signs_answered", [request(0, "/.env"), request(1, "/.git/config", status=404)], 1),
    *((f"signs_{sign.name}", ATTACKS, 1) for sign in SIGNS),
    ("agent_tool", [request(user_agent="sqlmap/1.8")], 1),
    ("agent_tool", [request()], 0),
    ("agent_crawler", [request(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)")], 1),
    ("agent_crawler", [request()], 0),
    ("agent_attack", [request(user_agent="sqlmap/1.8")], 1),
    ("agent_attack", [request(user_agent="Mozilla/5.0 zgrab/0.x")], 0),
    ("agent_missing", [request(user_agent=None)], 0),  # a log without user agents
    ("agent_missing", [request(), request(9, address="192.0.2.9", user_agent=None)], 1),
    (
        "client_unlinked_pages",
        [request(), *(request(at, f"/p{at}", address="192.0.2.9", user_agent=None) for at in (8, 9))],
        2,
    ),
    ("client_unlinked_pages", [request(at, f"/p{at}", user_agent=None) for at in (8, 9)], 0),
    ("agent_missing", [request()], 0),
    ("client_requests", TWO_FACES, 5),
    ("client_peak_10s", TWO_FACES, 4),
    ("client_peak_60s", TWO_FACES, 4),
    ("client_same_10s", [request(second / 2, f"/?{second}") for second in range(30)], 20),
    ("client_timeouts", [request(0, status=408), request(1, status=499), request(2)], 2),
    ("client_pages", [*PAGES, request(40, "/missing", status=404)], 4),
    ("client_pages", [request(number, f"/list?page={number}") for number in range(7)], 7),
    ("client_pages", [request(number, f"/poll?since=17600000{number}") for number in range(7)], 1),
    ("client_pages", [request(0, "/a.deb"), request(1, "/api/assets/4711/thumbnail"), request(2, "/a.html")], 1),
    ("client_pages", opened(30), 30),
    ("client_pages", opened(30, HEADLESS), 30),
    ("client_pages", opened(30, shows=3), 3),
    ("client_pages", opened(30, HEADLESS, shows=3), 3),
    ("client_pages", opened(30, shows=0), 30),
    ("client_pages", opened(30, HEADLESS, shows=0), 0),
    ("client_unlinked_pages", opened(30, shows=3), 3),
    (
        "client_guessed_paths",
        [request(number, f"/backup{letter}", status=301) for number, letter in enumerate("abcdef")],
        6,
    ),
    ("client_guessed_paths", [request(0, "/a", status=301), request(1, "/a/")], 0),
    ("client_knocks", [request(0, "/manager/html", status=502), request(1, "/nacos/", status=502)], 2),
    ("client_unlinked_pages", [*PAGES, request(40, "/linked", referrer="https://example.org/"), *SCRIPT], 4),
    ("client_linked_assets", LINKED, 1),
    ("client_guessed_paths", MISSING, 1),
    ("client_same_answers", SAME, 3),
    ("client_shells", SHELLS, 2),
    ("client_foreign_paths", KNOCKS, 0),
    ("client_malformed", [request(0, method="CONNECT"), request(1)], 1),
    ("client_login_successes", LET_IN, 1),
    ("crowd", TWO_FACES, 0),
    ("crowd", [*LINKED, request(9, "/c.css", referrer="https://example.org/")], 1),
    ("day_login_failures", [*logins(3), *logins(1, start=3600)], 3),
    ("day_login_successes", [*LET_IN, *logins(1, start=20), request(3600, "/")], 1),
    ("day_probes", [*KNOCKS, request(3600, "/.git/config", status=404)], 2),
    ("day_missing_paths", [*MISSING, request(3600, "/nowhere", status=404)], 1),
    ("unknown_share", PAGES, 0),
    ("client_user_agents", TWO_FACES, 2),
    ("client_missing_paths", MISSING, 3),
    ("client_probes", KNOCKS, 1),
    (
        "client_probes",
        [request(each, f"\\x16\\x03\\x01\\x{each:02x}", method=None, status=400) for each in range(9)],
        1,
    ),
    ("client_knocks", KNOCKS, 1),
    ("client_exploits", TWO_FACES, 1),
    ("client_login_failures", TWO_FACES, 1),
    ("site_login_clients", [*logins(1), *logins(2, address="192.0.2.2"), request(0, address="192.0.2.3")], 2),
]


@pytest.mark.parametrize(("name", "requests", "answer"), ANSWERS)
def test_a_feature_counts_what_it_says(name: str, requests: list[dict[str, Any]], answer: float) -> None:
    sessions = sessions_of(*requests).sort("end")  # the last one knows what was before it
    assert sessions[name][-1] == pytest.approx(answer)


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


def test_of_pages_asked_as_often_the_first_is_named() -> None:
    requests = [request(5, "/a"), request(0, "/c"), request(0, "/b"), request(7, "/i.png"), request(7, "/i.png")]
    assert sessions_of(*requests)["top_path"][0] == "/b"  # of those of one second, the first by name


def test_a_session_of_assets_alone_has_no_top_path() -> None:
    assert sessions_of(request(0, "/a.css"))["top_path"][0] == ""


@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 429])
def test_login_answers_that_fail(status: int) -> None:
    row = sessions_of(request(0, "/wp-login.php", method="POST", status=status)).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (1, 0)


@pytest.mark.parametrize("status", [201, 204, 302, 303])
def test_login_answers_that_succeed(status: int) -> None:
    form = "https://example.org/login"
    row = sessions_of(request(0, "/api/login/", method="POST", status=status, referrer=form)).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (0, 1)


REDIRECTED = {"method": "POST", "status": 302}
PANEL = "/administrator/index.php"


@pytest.mark.parametrize("path", ["/login", "/administrator/index.php"])
@pytest.mark.parametrize("origin", ["", "https://example.org"])
def test_a_redirect_that_nobody_follows_lets_nobody_in(path: str, origin: str) -> None:
    tries = (request(60 * number, path, **REDIRECTED, referrer=origin and origin + path) for number in range(2))
    row = sessions_of(*tries).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (2, 0)


@pytest.mark.parametrize(
    "requests",
    [
        [request(0, "/login", **REDIRECTED), request(1, "/account")],
        [request(0, "/login"), request(9, "/login", **REDIRECTED)],
        [request(0, "/login", method="POST", status=301)],
        [request(0, "/login", **REDIRECTED, referrer="https://example.org/")],
        [request(0, "/login"), request(9, "/login", **REDIRECTED, referrer="https://example.org/login")],
        [request(0, "/administrator/index.php?option=save", **REDIRECTED)],
        [request(0, PANEL, **REDIRECTED), request(1, PANEL), request(2, "/administrator/index.php?option=x")],
    ],
)
def test_who_follows_or_came_from_the_form_may_have_got_in(requests: list[dict[str, Any]]) -> None:
    assert sessions_of(*requests)["login_failures"].item() == 0


@pytest.mark.parametrize(
    ("path", "is_shell"),
    [
        ("/media/up.php", True),
        ("/files/2026/x.jsp", True),
        ("/css/hello.phtml", True),
        ("/files/save.php", False),
        ("/css/style.php", False),
        ("/media/up.png", False),
    ],
)
def test_a_script_among_files_is_a_shell_where_it_has_no_name(path: str, *, is_shell: bool) -> None:
    row = sessions_of(request(0, path, method="POST")).row(0, named=True)
    assert row["client_shells"] == is_shell


@pytest.mark.parametrize(("status", "then", "got_in"), [(401, "/account", 1), (200, "/account", 0), (401, "/login", 0)])
def test_where_wrong_passwords_are_refused_by_status_200_is_a_right_one(status: int, then: str, got_in: int) -> None:
    wrong = logins(2, status=status)
    row = sessions_of(*wrong, request(5, "/login", method="POST"), request(6, then)).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (3 - got_in, got_in)


def test_who_is_shown_the_form_again_has_not_got_in() -> None:
    tries = [request(3 * number, PANEL, **REDIRECTED) for number in range(12)]
    forms = [request(3 * number + second, PANEL) for number in range(12) for second in (-1, 1)]
    row = sessions_of(*tries, *forms).row(0, named=True)
    assert (row["login_failures"], row["login_successes"]) == (12, 0)


def test_of_a_days_attempts_those_of_this_visit_were_not_earlier() -> None:
    # The day takes redirects with a referrer for successes; the visit, which shows what follows, does not.
    form = "https://example.org/login"
    visit = [request(60 * number, "/login", **REDIRECTED, referrer=form) for number in range(40)]
    row = sessions_of(*visit).row(0, named=True)
    assert (row["client_login_failures"] >= 39, row["day_login_successes"]) == (True, 0)


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


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_every_feature_can_be_said(feature: Any) -> None:
    units = {"count", "share", "seconds", "bytes", "characters", "bits", "ratio", "flag"}
    assert feature.unit in units
    assert feature.meaning
    assert ("{}" in feature.phrase) == (feature.unit != "flag")
    assert "7" in feature.phrase.format("7") or feature.unit == "flag"


def test_changing_the_user_agent_hides_no_failed_login() -> None:
    tries = [request(n, "/login", method="POST", status=302, user_agent=f"{BROWSER} {n}") for n in range(20)]
    assert set(sessions_of(*tries)["client_login_failures"]) == {20.0}


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return people who share an address, each of whom loads a page with its style and script."""
    return [
        request(10 * person + second, url, referrer=referrer, user_agent=f"{BROWSER} {person}", **more)
        for person in range(count)
        for second, (url, referrer) in enumerate((("/", None), ("/a.css", "/"), ("/b.js", "/"), (f"/{person}", "/")))
    ]


def test_a_program_behind_a_shared_address_has_nothing_to_do_with_other_programs_failures() -> None:
    guesses = [request(n, "/login", method="POST", status=401, user_agent="curl/8") for n in range(9)]
    reader = request(50, "/feed", user_agent="FeedReader/1")
    found = sessions_of(*people(30), *guesses, reader).filter(pl.col("user_agent") == "FeedReader/1")
    assert found["client_login_failures"][0] == 0


def test_made_up_referrers_and_user_agents_make_no_crowd_of_a_flood() -> None:
    flood = [
        request(n / 50, "/search", referrer=f"https://{n}.example/", user_agent=f"{BROWSER} {n % 20}")
        for n in range(200)
    ]
    assert set(sessions_of(*flood)["client_requests"]) == {200.0}


def test_who_browses_and_gets_in_has_guessed_no_password_earlier_in_the_day() -> None:
    login = {"method": "POST", "referrer": "/wp-login.php"}
    earlier = [request(n, "/wp-login.php", status=200, **login) for n in range(9)]
    page = [request(7200 + n, url, referrer="/wp-login.php") for n, url in enumerate(("/a.css", "/b.js", "/c.png"))]
    inside = [request(7210, "/wp-login.php", status=302, **login), request(7211, "/wp-admin/")]
    again = [request(7210, "/wp-login.php", status=200, **login)]
    for extra, told in ((inside, 0), (again, 9), ([], 0)):
        assert sessions_of(*earlier, *page, *extra).sort("end")["day_login_failures"][-1] == told


def test_each_of_many_behind_one_address_is_judged_alone() -> None:
    guesses = [request(n, "/login", method="POST", status=401, user_agent="curl/8") for n in range(9)]
    family, office = sessions_of(*people(3), *guesses), sessions_of(*people(30), *guesses)
    assert set(family["client_requests"]) == {3 * 4 + 9.0}
    assert sorted(set(office["client_requests"])) == [4, 9]
    assert set(office["crowd"]) == {30.0}
    assert office.filter(pl.col("user_agent") == "curl/8")["client_login_failures"][0] == 9
    assert office.filter(pl.col("user_agent") != "curl/8")["day_login_failures"].sum() == 0


def test_what_only_its_owners_ask_for_is_a_probe_where_it_is_refused() -> None:
    robot = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
    for changed, told in (
        ({"status": 404}, (1, 0)),
        ({"status": 200}, (0, 0)),
        ({"status": 401}, (0, 1)),
        ({"status": 404, "referrer": "https://example.org/"}, (0, 1)),
        ({"status": 404, "user_agent": robot}, (0, 1)),
    ):
        asked = sessions_of(request(0, "/actuator/health", **changed))
        assert asked.select("client_probes", "client_knocks").row(0) == told, changed


def test_what_a_site_serves_to_others_is_no_probe() -> None:
    knock = [request(0, "/phpmyadmin/", status=403), request(1, "/old.aspx", status=404), request(2, "/new")]
    admins = [request(9, "/phpmyadmin/", address=f"192.0.2.{n}") for n in (8, 9)]
    profile = SiteProfile.of(prepare(events_of(*admins)))
    known = features(prepare(events_of(*knock)), Context.of(prepare(events_of(*knock)), profile))
    assert known.select("client_knocks", "client_foreign_paths", "unknown_share").rows() == [(0, 1, 2 / 3)]
    assert sessions_of(*knock).select("client_knocks", "client_foreign_paths", "unknown_share").rows() == [(1, 0, 0)]

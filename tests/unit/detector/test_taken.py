"""What only looks like taking, guessing or trying, told from what is."""

from typing import Any

import pytest

from detector.outcomes import AT_ONCE
from detector.taken import MANY_GUESSES, MANY_PAGES, ODD_SEARCHES
from detector.totals import FETCHED
from tests.unit.detector.frames import BROWSER, request, sessions_of

SITE = "https://example.org"


def browse(*requests: dict[str, Any]) -> dict[str, float]:
    """Return the features of a browser that shows the front page with its images, and then asks so."""
    shown = [request(second, path, referrer=f"{SITE}/") for second, path in enumerate(("/a.css", "/b.png", "/c.js"))]
    told = [{**each, "user_agent": BROWSER} for each in (request(0, "/"), *shown, *requests)]
    return sessions_of(*told).row(0, named=True)


def test_what_a_page_fetches_by_itself_is_no_page_that_somebody_takes() -> None:
    tiles = [request(5 + number, f"/map/{number}/7", referrer=f"{SITE}/") for number in range(4 * MANY_PAGES)]
    assert browse(*tiles)["client_pages"] == 1


def test_pages_that_become_referrers_and_pages_without_one_are_taken() -> None:
    read = [request(5 + number, f"/p/{number}", referrer=f"{SITE}/p/{number - 1}") for number in range(1, MANY_PAGES)]
    jumps = [request(90 + number, f"/j/{number}") for number in range(MANY_PAGES)]
    listed = [request(50 + number, f"/?page={number}", referrer=f"{SITE}/?page={number - 1}") for number in range(1, 9)]
    # The last one of each chain is the referrer of nothing.
    assert browse(*read, *listed, *jumps)["client_pages"] == 1 + (MANY_PAGES - 2) + 7 + MANY_PAGES


def test_programs_take_what_they_name_one_referrer_for() -> None:
    rows = [request(number, f"/p/{number}", referrer=f"{SITE}/", user_agent="curl/8") for number in range(60)]
    assert sessions_of(*rows)["client_pages"].item() == 60


@pytest.mark.parametrize("path", ["/api/item/{}", "/v1/orders/{}", "/feed/{}.json", "/socket.io/{}"])
def test_interfaces_are_no_pages(path: str) -> None:
    rows = [request(number, path.format(number), user_agent="curl/8") for number in range(60)]
    assert sessions_of(*rows)["client_pages"].item() == 0


@pytest.mark.parametrize(
    "agent", ["npm/9.5.1 node/v18", "Apache-Maven/3.9.1", "docker/24.0.7", "Shop/3 CFNetwork/1494"]
)
def test_applications_take_no_pages_and_guess_nothing(agent: str) -> None:
    got = [request(number, f"/library/{'abcdefgh'[number % 8]}{number}", user_agent=agent) for number in range(60)]
    missed = [{**each, "status": 404} for each in got]
    assert sessions_of(*got)["client_pages"].item() == 0
    assert sessions_of(*missed)["client_guessed_paths"].item() == 0


def test_looking_up_numbers_and_tokens_is_no_guessing_of_paths() -> None:
    numbers = [request(number, f"/product/{number}", status=404) for number in range(50)]
    tokens = [request(60 + number, f"/click/{number:032x}", status=302) for number in range(50)]
    titles = [request(120 + number, f"/on-the-long-title-of-post-{number * 'x'}/", status=404) for number in range(9)]
    assert sessions_of(*numbers, *tokens, *titles)["client_guessed_paths"].item() == 3


def test_words_are_guesses() -> None:
    words = [request(second, f"/{word}/", status=404) for second, word in enumerate("abcdefghij")]
    assert len(words) > MANY_GUESSES
    assert sessions_of(*words)["client_guessed_paths"].item() == len(words)
    asked = [{**each, "method": "PROPFIND"} for each in words]
    assert sessions_of(*asked)["client_guessed_paths"].item() == 0


def searches(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return so many searches that read like an attack."""
    asked = [f"/search?q=%3Cscript%3Ealert({number})" for number in range(count)]
    return [request(9 + second, url, **{"referrer": f"{SITE}/"} | changes) for second, url in enumerate(asked)]


def test_who_browses_may_search_for_help_with_programs() -> None:
    asked = searches(ODD_SEARCHES)
    loaded = [request(20, f"/{number}.png", referrer=f"{SITE}{asked[0]['url']}") for number in range(5)]
    assert browse(*asked, *loaded)["client_exploits"] == 0
    assert browse(*searches(ODD_SEARCHES + 4))["client_exploits"] == 4


@pytest.mark.parametrize("changes", [{"referrer": None}, {"status": 500}, {"method": "POST"}])
def test_what_is_no_search_of_a_reader_is_an_exploit(changes: dict[str, Any]) -> None:
    assert browse(*searches(1, **changes))["client_exploits"] == 1


def test_an_injection_elsewhere_than_in_words_is_an_exploit_whoever_browses() -> None:
    hostile = request(9, "/post?id=7%20union%20select%201,2", referrer=f"{SITE}/")
    assert browse(hostile)["client_exploits"] == 1
    assert sessions_of(*searches(1, user_agent="curl/8"))["client_exploits"].item() == 1


def test_what_queries_ask_the_front_page_for_are_knocks_each() -> None:
    rows = [request(number, f"/?author={number}", status=404) for number in range(1, 9)]
    assert sessions_of(*rows)["client_knocks"].item() == 8
    assert sessions_of(request(0, "/phpmyadmin/?x=1", status=404))["client_knocks"].item() == 1


def test_a_share_is_searched_for_all_sorts_of_files() -> None:
    rows = [request(number, f"/share/{number}/Thumbs.db", method="PROPFIND", status=404) for number in range(9)]
    assert sessions_of(*rows)["client_knocks"].item() == 0
    assert sessions_of(request(0, "/Thumbs.db", status=404))["client_knocks"].item() == 1


def test_parts_of_a_film_are_no_flood() -> None:
    parts = [request(number / 50, "/film", status=206) for number in range(100)]
    assert sessions_of(*parts)["client_peak_10s"].item() == 0
    assert sessions_of(*({**each, "status": 200} for each in parts))["client_peak_10s"].item() == 100


def asked(path: str, **changes: Any) -> list[dict[str, Any]]:
    """Return twenty requests a second for ten seconds."""
    return [
        request(60 + number / 20, path, **{"referrer": f"{SITE}/", "method": "POST"} | changes) for number in range(200)
    ]


@pytest.mark.parametrize("path", ["/graphql", "/report"])
def test_of_what_a_shown_pages_script_asks_for_every_fourth_request_is_in_a_peak(path: str) -> None:
    found = browse(*asked(path))
    assert found["client_peak_10s"] == 200 / FETCHED
    assert found["client_peak_60s"] == 200 / FETCHED
    assert found["client_same_10s"] == (13 if path == "/graphql" else 200 / FETCHED)


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/graphql", {"referrer": None}),
        ("/graphql", {"status": 503}),
        ("/graphql", {"status": 429}),
        ("/search", {"method": "GET"}),
        ("/login", {"status": 401}),
    ],
)
def test_peaks_hold_all_that_no_script_of_a_page_asks_for_or_that_hurts(path: str, changes: dict[str, Any]) -> None:
    found = browse(*asked(path, **changes))
    assert found["client_peak_10s"] >= 200


def test_who_shows_no_page_has_no_script_that_asks() -> None:
    rows = [{**each, "user_agent": BROWSER} for each in asked("/graphql")]
    assert sessions_of(*rows)["client_peak_10s"].item() == 200


def test_an_interface_is_asked_for_everything_at_one_path_while_it_answers() -> None:
    answered, broken = (asked("/api/items", user_agent="curl/8", status=status) for status in (201, 502))
    assert sessions_of(*answered).select("client_peak_10s", "client_same_10s").row(0) == (200, 200 / FETCHED)
    assert sessions_of(*broken).select("client_peak_10s", "client_same_10s").row(0) == (200, 200)


def failures(*seconds: float) -> float:
    """Return the failed logins of a telephone that sends its password at these moments."""
    asked = {"method": "POST", "status": 401, "user_agent": "Apple-iPhone14C5/2105.219"}
    rows = [request(second, "/Microsoft-Server-ActiveSync?Cmd=Ping", **asked) for second in seconds]
    return float(sessions_of(*rows)["login_failures"].item())


def test_an_app_asks_for_several_things_at_once_with_the_password_that_it_keeps() -> None:
    assert failures(*(300 * visit + step for visit in range(9) for step in range(AT_ONCE))) == 1
    # One after the other is guessing, in whatever name.
    assert failures(*range(30)) == 1 + 30 - AT_ONCE


@pytest.mark.parametrize(("asks", "pages"), [("/api/v1/state", 1), ("/state", 2 * MANY_PAGES + 2)])
def test_pages_whose_scripts_ask_an_interface_are_shown_where_images_are_elsewhere(asks: str, pages: int) -> None:
    shown = [request(0, "/"), request(1, asks, referrer=f"{SITE}/"), request(2, f"{asks}/7", referrer=f"{SITE}/")]
    ahead = [request(3 + number / 50, f"/p/{number}", referrer=f"{SITE}/") for number in range(2 * MANY_PAGES)]
    rows = [{**each, "user_agent": BROWSER} for each in (*shown, *ahead)]
    assert sessions_of(*rows)["client_pages"].item() == pages + (asks == "/state")

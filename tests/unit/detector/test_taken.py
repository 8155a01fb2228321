"""What only looks like taking, guessing or trying, told from what is."""

from typing import Any

import pytest

from detector.taken import MANY_GUESSES, MANY_PAGES, ODD_SEARCHES
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

"""People who share an address, told from one program under many names."""

from typing import Any

from detector.parties import CROWD
from tests.unit.detector.frames import BROWSER, request, sessions_of

SITE = "https://example.org"


def walk(name: str, referrers: list[str | None], start: int) -> list[dict[str, Any]]:
    """Return pages that one browser opens, each with what it names as the referrer."""
    agent = f"{BROWSER} {name}"
    return [
        request(start + 20 * step, f"/{start}/{step}", referrer=named, user_agent=agent)
        for step, named in enumerate(referrers)
    ]


def readers(count: int) -> list[dict[str, Any]]:
    """Return people who each open a page and follow two links from there."""
    return [
        each
        for number in range(count)
        for each in walk(str(number), [None, f"{SITE}/{number}/0", f"{SITE}/{number}/1"], number)
    ]


def test_people_who_follow_links_of_their_own_pages_share_an_address_where_images_are_elsewhere() -> None:
    assert set(sessions_of(*readers(CROWD))["client_pages"]) == {3}
    assert set(sessions_of(*readers(CROWD - 1))["client_pages"]) == {3 * (CROWD - 1)}


def test_a_walk_under_changing_names_is_one_clients() -> None:
    count = 8 * CROWD
    pages = [
        request(number, f"/{number}", referrer=f"{SITE}/{number - 1}", user_agent=f"{BROWSER} {number % (2 * CROWD)}")
        for number in range(count)
    ]
    assert set(sessions_of(*pages)["client_pages"]) == {count}


def test_who_names_the_very_page_that_he_asks_for_follows_no_link() -> None:
    alike = [each | {"referrer": f"{SITE}{each['url']}"} for each in readers(CROWD)]
    assert set(sessions_of(*alike)["client_pages"]) == {3 * CROWD}


def test_a_walk_that_changes_its_name_now_and_then_goes_on_from_the_page_of_another_name() -> None:
    pages = [
        request(number, f"/{number}", referrer=f"{SITE}/{number - 1}", user_agent=f"{BROWSER} {number // 4}")
        for number in range(8 * CROWD)
    ]
    assert set(sessions_of(*pages)["client_pages"]) == {len(pages)}

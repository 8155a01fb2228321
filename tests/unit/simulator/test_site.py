"""Sites: each style has pages, a login that answers in its way, and its own way of saying that nothing is there."""

import polars as pl
import pytest

from enrich.signs import match_signs
from simulator.dice import Dice
from simulator.journal import Face, Journal
from simulator.payload import encoded, guard_check, make_payload, sql
from simulator.site import STYLES, Site, build_site
from simulator.visit import Visit
from simulator.wordlist import FAMILIES, repertoires

VISITOR = Face("198.18.0.1", "Mozilla/5.0", "visitor", "www.example.com")


def visit(site: Site) -> Visit:
    return Visit(site, VISITOR, Dice(1), Journal(), at=0.0)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_pages_and_answers(style: str) -> None:
    sites = [build_site(Dice(seed), style, "www.example.com") for seed in range(20)]
    assert all(site.pages[0] == "/" and len(set(site.pages)) == len(site.pages) >= 8 for site in sites)
    assert all(page.startswith("/") for site in sites for page in (*site.pages, *site.assets, *site.api))
    assert len({(site.login, site.login_success, site.login_failure) for site in sites}) > (style != "static")
    assert all(site.has_login == (style != "static") for site in sites)


def test_sites_say_in_their_own_ways_that_nothing_is_there() -> None:
    sites = [build_site(Dice(seed), STYLES[seed % len(STYLES)], "www.example.com") for seed in range(200)]
    assert {site.missing for site in sites} == {200, 302, 403, 404}
    for site in sites[:40]:
        guest = visit(site)
        guest.miss("GET", "/nothing/here")
        guest.ask("GET", "/", 200)
        missed, front = guest.journal
        assert missed.status == site.missing
        assert (missed.size == front.size) == (site.missing == 200)


def test_a_form_shown_again_is_longer_than_the_form() -> None:
    site = next(site for seed in range(9) if (site := build_site(Dice(seed), "blog", "www.example.com")).is_wordpress)
    guest = visit(site)
    guest.log_in(failures=1)
    posts = [request for request in guest.journal if request.method == "POST"]
    form = next(request for request in guest.journal if request.url == site.login and request.method == "GET")
    assert [request.status for request in posts] == [200, 302]
    assert posts[0].size > form.size


def test_assets_from_elsewhere_are_not_in_the_log() -> None:
    site = next(
        site for seed in range(99) if not (site := build_site(Dice(seed), "shop", "www.example.com")).shows_assets
    )
    guest = visit(site)
    guest.page("/about")
    assert {request.url for request in guest.journal} == {"/about"}


@pytest.mark.parametrize("family", FAMILIES)
def test_payloads_vary_and_survive_encoding(family: str) -> None:
    dice = Dice(3)
    payloads = [make_payload(dice, family) for _ in range(60)]
    assert len(set(payloads)) > 8
    for times in range(3):
        urls = [f"/page?id={encoded(payload, times)}" for payload in payloads]
        assert not any(set(url) & set(' \t\n"<>') for url in urls if times)
        assert not any(set(url) & set(" \t\n") for url in urls)


def test_what_injects_sql_is_taken_for_it() -> None:
    dice = Dice(4)
    urls = pl.Series([f"/page?id=1{encoded(sql(dice), 1)}" for _ in range(200)])
    assert match_signs(urls)["sqli"].mean() > 0.6  # type: ignore[operator]
    guard = match_signs(pl.Series([f"/page?id={encoded(guard_check(dice), 1)}"]))
    assert guard["sqli"][0]
    assert guard["xss"][0]


def test_knocks_come_in_repertoires() -> None:
    assert len(repertoires()) > 15
    assert all(path.startswith("/") for group in repertoires() for path in group)

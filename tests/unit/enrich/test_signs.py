"""Attack signs: what must match, however it is encoded, and the innocent URLs that must not."""

import polars as pl
import pytest

from enrich.signs import (
    ASSET_PATH,
    CRAWLER_AGENT,
    EXPLOITS,
    LOGIN_PATH,
    PROBES,
    SIGNS,
    TOOL_AGENT,
    decode,
    match_signs,
)
from tests.unit.enrich.urls import ATTACKS, INNOCENT

NAMES = [sign.name for sign in SIGNS]


def signs_of(url: str) -> set[str]:
    row = match_signs(pl.Series([url])).row(0, named=True)
    return {name for name, is_matched in row.items() if is_matched}


@pytest.mark.parametrize(("sign", "url"), ATTACKS)
def test_an_attack_shows_its_sign(sign: str, url: str) -> None:
    assert sign in signs_of(url)


@pytest.mark.parametrize("url", INNOCENT)
def test_an_innocent_url_shows_none(url: str) -> None:
    assert signs_of(url) == set()


def test_every_class_is_attacked_above() -> None:
    assert {sign for sign, _ in ATTACKS} == set(NAMES) == {*EXPLOITS, *PROBES}
    assert not set(EXPLOITS) & set(PROBES)


def test_shape_order_and_nulls() -> None:
    matched = match_signs(pl.Series("whatever", ["/.env", None, "/", "/.env"]))
    assert matched.columns == NAMES
    assert matched["sensitive"].to_list() == [True, False, False, True]
    assert match_signs(pl.Series([], dtype=pl.String)).shape == (0, len(NAMES))


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("/A%20b+C", "/a b c"),
        ("/%2541", "/a"),
        ("/%25%34%31", "/a"),
        ("/%E4", "/ä"),
        ("/%zz%", "/%zz%"),
        ("/%25", "/%"),
        (None, None),
    ],
)
def test_decoding(url: str | None, plain: str | None) -> None:
    assert decode(pl.Series([url], dtype=pl.String)).to_list() == [plain]


@pytest.mark.parametrize(
    "path",
    ["/login", "/login/", "/log-in", "/user/login", "/wp-login.php", "/xmlrpc.php", "/api/auth", "/oauth/token",
     "/users/sign_in", "/account/logon", "/login.aspx", "/j_security_check"],
)  # fmt: skip
def test_login_paths(path: str) -> None:
    assert pl.Series([path]).str.contains(LOGIN_PATH).item()


@pytest.mark.parametrize(
    "path", ["/", "/blogin", "/login/help", "/logins", "/authors", "/tokens-explained", "/loginfo"]
)
def test_paths_that_are_no_login(path: str) -> None:
    assert not pl.Series([path]).str.contains(LOGIN_PATH).item()


@pytest.mark.parametrize(
    ("agent", "tool", "crawler"),
    [
        ("sqlmap/1.8#stable", True, False),
        ("curl/8.5.0", True, False),
        ("Mozilla/5.00 (Nikto/2.5.0)", True, False),
        ("python-requests/2.32", True, False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False, True),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", False, True),
        ("UptimeRobot/2.0", False, True),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
         False, False),
        ("Mozilla/5.0 (Linux; Android 14; Cubot Note 50) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
         False, False),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", False, False),
    ],
)  # fmt: skip
def test_user_agents(agent: str, tool: bool, crawler: bool) -> None:
    lower = pl.Series([agent.lower()])
    assert lower.str.contains(TOOL_AGENT).item() == tool
    assert lower.str.contains(CRAWLER_AGENT).item() == crawler


@pytest.mark.parametrize(
    ("path", "is_asset"), [("/a.css", True), ("/a.jpeg", True), ("/a.html", False), ("/css", False)]
)
def test_assets(path: str, is_asset: bool) -> None:
    assert pl.Series([path]).str.contains(ASSET_PATH).item() == is_asset

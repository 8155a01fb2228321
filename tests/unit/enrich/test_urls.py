"""URLs that no parser likes still have a path and a query."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.urls import url_parts


def parts(url: str, domain: str | None = None, *, is_request: bool = True) -> dict[str, Any]:
    frame = pl.DataFrame({"url.original": [url], "url.domain": [domain], "is_request": [is_request]})
    row = url_parts(frame.cast({"url.domain": pl.String})).row(0, named=True)
    assert row.pop("url.original") == url
    return {name.removeprefix("url."): value for name, value in row.items() if value is not None}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/", {"path": "/"}),
        ("", {"path": "/"}),
        ("?only", {"path": "/", "query": "only"}),
        ("/a?", {"path": "/a", "query": ""}),
        ("/a?b?c", {"path": "/a", "query": "b?c"}),
        ("noslash", {"path": "noslash"}),
        ("*", {"path": "*"}),
        ("host:443", {"path": "host:443"}),
        ("//host/x?y", {"path": "//host/x", "query": "y"}),
        ("/a;jsessionid=1?x", {"path": "/a;jsessionid=1", "query": "x"}),
        (r"\..\..\win", {"path": r"\..\..\win"}),
        ("/a%zz?%", {"path": "/a%zz", "query": "%"}),
        ("/%4", {"path": "/%4"}),
        ("/%00x", {"path": "/\0x"}),
        ("/a%252e", {"path": "/a%2e"}),
        ("/%E4?%c3%a4", {"path": r"/\xe4", "query": "ä"}),
        ("/ü?ä=ö", {"path": "/ü", "query": "ä=ö"}),
        ("/a\tb", {"path": "/a\tb"}),
        ("/a\nb?c\nd", {"path": "/a\nb", "query": "c\nd"}),
        ("/a#b?c", {"path": "/a#b", "query": "c"}),
        ("/x.PHP?y.z", {"path": "/x.PHP", "query": "y.z", "extension": "PHP"}),
        ("/.env", {"path": "/.env", "extension": "env"}),
        ("/a.", {"path": "/a."}),
        ("/a.b/c", {"path": "/a.b/c"}),
        ("http://h", {"path": "/", "domain": "h", "scheme": "http"}),
        ("HTTPS://h:8443/p?q", {"path": "/p", "query": "q", "domain": "h", "scheme": "https", "port": 8443}),
        ("http://h?q", {"path": "/", "query": "q", "domain": "h", "scheme": "http"}),
        ("http://h/p?q#f?g", {"path": "/p", "query": "q", "domain": "h", "scheme": "http", "fragment": "f?g"}),
        ("http://h#f", {"path": "/", "domain": "h", "scheme": "http", "fragment": "f"}),
        ("http://u:secret@h:99/x", {"path": "/x", "domain": "h", "scheme": "http", "port": 99, "username": "u"}),
        ("http://a@b@c/x", {"path": "/x", "domain": "c", "scheme": "http", "username": "a"}),
        ("http://@h/x", {"path": "/x", "domain": "h", "scheme": "http"}),
        ("http://h:999999/x", {"path": "/x", "domain": "h", "scheme": "http"}),
        ("http://h:/x", {"path": "/x", "domain": "h", "scheme": "http"}),
        ("http://[::1%25eth0]:80/", {"path": "/", "domain": "[::1%25eth0]", "scheme": "http", "port": 80}),
        ("http:///x", {"path": "/x", "scheme": "http"}),
        ("javascript:alert(1)", {"path": "javascript:alert(1)"}),
    ],
)
def test_urls(url: str, expected: dict[str, Any]) -> None:
    assert parts(url) == expected


def test_the_servers_host_unless_the_url_has_one() -> None:
    assert parts("/x", "shop.example")["domain"] == "shop.example"
    assert parts("http://proxy.example/x", "shop.example")["domain"] == "proxy.example"


def test_garbage_has_no_parts() -> None:
    assert parts(r"\x16\x03\x01?a", "shop.example", is_request=False) == {"domain": "shop.example"}


@given(st.text())
def test_any_text_has_a_path(url: str) -> None:
    found = parts(url)
    assert found["path"]
    assert "domain" not in found or "://" in url


@given(st.text(st.sampled_from("/:@?#[]%.h1"), max_size=12).map(lambda text: f"http://{text}"))
def test_any_absolute_url_has_a_path_and_no_password(url: str) -> None:
    found = parts(url)
    assert found["path"]
    assert found["scheme"] == "http"
    assert 0 <= found.get("port", 0) <= 99_999
    assert ":" not in found.get("username", "")

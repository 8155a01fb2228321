"""The mail about an incident, as text and HTML, for usual, sparse and hostile incidents."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.mails.incident import KINDS
from tests.alerting import CRITICAL, incident, variables
from tests.golden.conftest import Compare
from tests.golden.letters import MANY, NAME, WATCH, letters, notice, written

HERE = Path(__file__).parent / "email"

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}{% raw %}\r\nBcc: evil@example.org\x1b[2J\u202e\0'
HOSTILE = {
    "message": EVIL,
    "url.domain": EVIL,
    "url.path": "/" + "A" * 10_000,
    "user_agent.original": EVIL,
    "source.address": ["203.0.113.9; rm -rf /", "fe80::1%$(reboot)", "2001:db8::1"],
    "wwwatch.evidence": [
        "\x1b]0;owned\x07" + EVIL,
        "x" * 10_240,
        "\u05d0\u05d1 \u2066 a\u0301\u0301\u0301 \udc80 \u2028",
    ]
    * 5,
    "wwwatch.reasons": [{"sentence": EVIL}, {"sentence": "y" * 5000}, {"feature": "none"}, None],
    "threat.technique.id": [EVIL],
    "threat.technique.name": [],
    "wwwatch.incident.kind": "<b>kind</b>",
    "wwwatch.incident.severity": EVIL,
    "wwwatch.incident.score": 1e308,
    "wwwatch.incident.confidence": -4,
    "wwwatch.incident.requests": "many",
    "event.end": "yesterday",
}
SPARSE = ("event", "source", "url", "user_agent", "threat", "wwwatch.evidence", "wwwatch.reasons")
CASES: dict[str, tuple[dict[str, Any], float | None]] = {
    "bruteforce": ({}, None),
    "worse": (CRITICAL, 2.0),
    "spray": ({"wwwatch.incident.kind": "spray", "wwwatch.incident.clients": 260, "source.address": MANY}, None),
    "dos": ({"wwwatch.incident.kind": "dos", "source.address": ["203.0.113.9", "2001:db8::1"], **CRITICAL}, None),
    "ddos": (
        {"wwwatch.incident.kind": "ddos", "wwwatch.incident.clients": 4000, "source.address": MANY, **CRITICAL},
        None,
    ),
    "stuffing": ({"wwwatch.incident.kind": "stuffing", "wwwatch.incident.clients": 90, "source.address": MANY}, None),
    "webshell": ({"wwwatch.incident.kind": "webshell", "url.path": "/uploads/x.php"}, None),
    "scan": ({"wwwatch.incident.kind": "scan", "url.path": "/.git/config"}, None),
    "injection": ({"wwwatch.incident.kind": "injection", "url.path": "/item"}, None),
    "scrape": ({"wwwatch.incident.kind": "scrape"}, None),
    "novel": ({"wwwatch.incident.kind": "novel", "wwwatch.incident.confidence": None, "wwwatch.reasons": None}, None),
    "sparse": (dict.fromkeys(SPARSE) | {"wwwatch.incident": {}}, None),
    "hostile": (HOSTILE, None),
}


def rendered(changes: dict[str, Any], previous: float | None = None, name: str = NAME) -> list[str]:
    letter = written(WATCH, notice(variables(incident(changes), name)), previous=previous)
    assert not letter.remark
    return [letter.subject, letter.text, letter.html]


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, golden: Compare) -> None:
    subject, text, html = rendered(*CASES[case])
    golden(HERE / f"{case}.txt", f"Subject: {subject}\n{text}")
    golden(HERE / f"{case}.html", html)


def test_there_is_a_golden_mail_for_every_kind() -> None:
    assert set(KINDS) <= set(CASES)
    assert {path.stem for path in HERE.iterdir()} == {*CASES, *letters()}


def test_golden_of_what_is_no_incident(golden: Compare) -> None:
    for name, letter in letters().items():
        assert not letter.remark
        golden(HERE / f"{name}.txt", f"Subject: {letter.subject}\n{letter.text}")
        golden(HERE / f"{name}.html", letter.html)


class Tags(HTMLParser):
    """Collects a page's tags and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)


OUR_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "table", "tr", "td"),
    *("div", "ul", "ol", "li", "p", "strong", "span", "br", "a"),
}
OUR_ATTRIBUTES = {
    *("lang", "dir", "style", "charset", "name", "content", "class", "href"),
    *("role", "width", "cellpadding", "cellspacing", "border", "align", "valign", "start"),
}
anything = st.text(st.characters(exclude_categories=()), max_size=300)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything | st.just(EVIL),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*HOSTILE, "source.address", "event", "url", "wwwatch.incident.clients"]), junk))
def test_no_incident_breaks_the_mail_or_gets_into_its_markup(changes: dict[str, Any]) -> None:
    parents = {"event", "url"} & changes.keys()
    usable = {path: value for path, value in changes.items() if not any(path.startswith(f"{up}.") for up in parents)}
    subject, text, html = rendered(usable)
    tags = Tags(html)
    assert tags.seen <= OUR_TAGS
    assert tags.attributes <= OUR_ATTRIBUTES
    assert "\n" not in subject
    assert all(line.isprintable() for line in text.split("\n"))
    assert all(line.isprintable() for line in html.split("\n"))


def test_commands_are_made_of_nothing_that_an_attacker_wrote() -> None:
    _, text, _ = rendered(HOSTILE | {"wwwatch.incident.kind": "bruteforce"}, name="$(reboot)")
    commands = [line for line in text.split("\n") if line.startswith("      ")]
    assert any("2001:db8::1 timeout 1h" in line for line in commands)
    assert not any(word in line for line in commands for word in ("reboot", "rm -rf", "script", "AAAA"))
    assert "wwwatch incidents show" not in text

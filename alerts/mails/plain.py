"""Reads a watch's plain text as what it looks like, so that a mail can set it well: pure.

A line in capitals is a title; lines that begin with ``- `` a list, with ``1. `` steps; lines indented by four spaces or
more are commands; lines ``Name: value`` below each other facts; everything else paragraphs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.text import visible

MOODS = ("critical", "major", "minor", "warning", "over", "good", "failing", "plain")
"""What a mail's colour can say; a watch names one in `metadata.mood`."""

_FORMS = (
    ("code", re.compile(r" {4,}(?P<rest>\S.*)")),
    ("list", re.compile(r" {0,3}[-*] +(?P<rest>.*)")),
    ("steps", re.compile(r" {0,3}(?P<rest>\d{1,2}[.)] +.*)")),
    ("facts", re.compile(r"(?P<rest> {0,3}[A-Z][\w '/()%-]{0,30}: +\S.*)")),
    ("title", re.compile(r"(?P<rest>[A-Z][A-Z ,'?-]{2,60})")),
)
_LONGEST = 2_000
_NUMBER = re.compile(r"(\d{1,2})[.)] +")
_PREFIX = re.compile(r"^\s*\[wwwatch\]\s*")
_BY_PRIORITY = {"highest": "critical", "high": "failing", "low": "plain", "lowest": "plain"}


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text.

    Attributes:
        form: ``title``, ``list``, ``steps``, ``code``, ``facts`` or ``paragraph``.
        lines: Its lines, without what marks the form.
        rows: Of facts: name and value.
        first: Of steps: the number of the first one.
    """

    form: str
    lines: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] = ()
    first: int = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that tells of no incident, taken apart; all text is safe to show."""

    mood: str
    kicker: str
    headline: str
    under: str
    blocks: tuple[Block, ...]


def read_letter(subject: str, text: str, metadata: Mapping[str, Any], priority: str = "normal") -> Letter:
    """Return what a watch's own subject and text say.

    Args:
        subject: Filled in; the headline. What stands before a first ``: `` is the line above it.
        text: Filled in. A first paragraph stands below the headline.
        metadata: The watch's; `mood` is one of `MOODS`.
        priority: Watcher's word, which stands in for a mood.
    """
    mood = metadata.get("mood")
    kicker, colon, headline = _PREFIX.sub("", visible(subject)).partition(": ")
    blocks = read_blocks(text)
    under = " ".join(blocks[0].lines) if blocks and blocks[0].form == "paragraph" else ""
    return Letter(
        mood=mood if mood in MOODS else _BY_PRIORITY.get(priority, "plain"),
        kicker=kicker if colon else "wwwatch",
        headline=headline if colon else kicker,
        under=under,
        blocks=blocks[1:] if under else blocks,
    )


def read_blocks(text: str) -> tuple[Block, ...]:
    """Return the pieces of a plain text."""
    return tuple(block for lines in _apart(text.split("\n")) for block in _grouped(lines))


def _apart(lines: Iterable[str]) -> Iterator[list[str]]:
    for is_blank, group in groupby((visible(line.rstrip(), _LONGEST) for line in lines), lambda line: not line.strip()):
        if not is_blank:
            yield list(group)


def _grouped(lines: list[str]) -> Iterator[Block]:
    for form, group in groupby((_read(line) for line in lines), lambda each: each[0]):
        kept = tuple(rest for _, rest in group)
        if form == "title":
            yield from (Block("title", (line,)) for line in kept)
        elif form == "steps":
            first = int(kept[0].split(".")[0].split(")")[0])
            yield Block(form, tuple(_NUMBER.sub("", line) for line in kept), first=first)
        elif form == "facts":
            pairs = (line.partition(": ") for line in kept)
            yield Block("facts", kept, tuple((name.strip(), value.strip()) for name, _, value in pairs))
        else:
            yield Block(form, kept)


def _read(line: str) -> tuple[str, str]:
    for form, pattern in _FORMS:
        if found := pattern.fullmatch(line):
            return form, found["rest"]
    return "paragraph", line.strip()

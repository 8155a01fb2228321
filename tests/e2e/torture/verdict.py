"""The verdict: the lines that were written against those that Elasticsearch and the dead letters hold, one by one."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from tests.e2e.torture.lines import COMPARED, REFUSED, as_indexed

SHOWN = 10


@dataclass(frozen=True)
class Verdict:
    """What is not as it should be, each with how often; all are empty when every line is there exactly once.

    Attributes:
        lines: How many lines were written.
        dead: How many of them are in the dead-letter file.
        lost: Lines written that are nowhere.
        doubled: Lines that are there more often than they were written.
        foreign: What nobody wrote: pieces of lines, or lines that were changed.
        misjudged: Dead letters that nothing is wrong with.
    """

    lines: int
    dead: int
    lost: Counter[str]
    doubled: Counter[str]
    foreign: Counter[str]
    misjudged: Counter[str]

    @property
    def is_whole(self) -> bool:
        """Whether every line is there exactly once."""
        return not (self.lost or self.doubled or self.foreign or self.misjudged)

    def __str__(self) -> str:
        """Return the counts, and the first of each kind."""
        groups = {"lost": self.lost, "doubled": self.doubled, "foreign": self.foreign, "misjudged": self.misjudged}
        head = ", ".join(f"{name} {found.total():,}" for name, found in groups.items())
        places = [f"{name} of {_places(found)}" for name, found in groups.items() if found]
        shown = [
            f"{name} {times} x {line[:160]!r}"
            for name, found in groups.items()
            for line, times in sorted(found.items())[:SHOWN]
        ]
        return "\n".join([f"{self.lines:,} lines: {head}, dead-lettered {self.dead:,}", *places, *shown])


def _places(lines: Counter[str]) -> str:
    """Return of which log and generation the lines are."""
    places = Counter[str]()
    for line, times in lines.items():
        found = re.search(r" /([a-z-]+/\d+)/\d+", line)
        places[found[1] if found else "nowhere"] += times
    return ", ".join(f"{place}: {times:,}" for place, times in sorted(places.items()))


def compare(written: Counter[str], indexed: Counter[str], dead: Counter[str]) -> Verdict:
    """Compare lines with how often each is there."""
    found = indexed + dead
    more = found - written
    foreign = Counter({line: times for line, times in more.items() if line not in written})
    misjudged = Counter({line: times for line, times in dead.items() if not line.startswith(REFUSED)})
    return Verdict(written.total(), dead.total(), written - found, more - foreign, foreign, misjudged)


def read_journals(folder: Path) -> Counter[str]:
    """Return the lines that were written, as they should be indexed."""
    written: Counter[str] = Counter()
    for journal in folder.iterdir():
        if not journal.suffix:
            with journal.open("rb") as lines:
                written.update(map(as_indexed, lines))
    return written


def read_indexed(client: Elasticsearch, stream: str) -> Counter[str]:
    """Return the lines of all documents."""
    client.indices.refresh(index=stream)
    hits = scan(client, index=stream, source=["event.original"], size=2_000)
    return Counter(hit["_source"]["event"]["original"][:COMPARED] for hit in hits)


def read_dead(state: Path) -> Counter[str]:
    """Return the lines of all dead letters below a state folder."""
    found: Counter[str] = Counter()
    for path in state.rglob("*dead-letter*.ndjson"):
        with path.open(encoding="utf-8") as letters:
            found.update(json.loads(letter)["document"]["event"]["original"][:COMPARED] for letter in letters)
    return found

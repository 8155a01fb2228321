"""What a log format is: how the text of its slots is found in a line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import polars as pl

from enrich.shapes import Shape
from enrich.slots import Slot, find_slots

_GROUP = re.compile(r"\(\?P<([^>]+)>")


@cache
def group_names(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of all groups in regular expressions, each once."""
    return tuple(dict.fromkeys(name for pattern in patterns for name in _GROUP.findall(pattern)))


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a JSON line.

    Attributes:
        path: The keys from the outside in.
        slot: The slot that its value fills; of several keys for one slot the first that is there counts.
        is_list: The value is a list, as a header's; its first item counts.
    """

    path: tuple[str, ...]
    slot: str
    is_list: bool = False

    @property
    def name(self) -> str:
        """Return the keys with dots between them."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Header:
    """Lines in the log that name the columns of those that follow, as W3C's extended format has them.

    Attributes:
        directive: What such a line begins with. Every other line that begins with its first character is a comment.
        separator: What stands between two columns.
        names: From a column's name to its slot; a column of another name fills a label.
    """

    directive: str
    separator: str
    names: Mapping[str, str]

    @property
    def comment(self) -> str:
        """Return what a line that holds no event begins with."""
        return self.directive[0]


@dataclass(frozen=True, slots=True)
class Format:
    """A log format; a line is read by the patterns, or, where there are `keys`, as JSON.

    Attributes:
        name: By which it is asked for.
        title: What it is and who writes it.
        patterns: Rust regular expressions, tried in order, each only on the lines that those before did not take. Their
            groups are named after slots. The first ones are unambiguous from left to right, which lets the regex
            engine capture in one pass: about three times as fast as the tolerant ones, and nearly every line takes one.
        strict: How many of the patterns are the unambiguous ones.
        shapes: How a line is put together, of which the patterns were made; a test writes lines of them.
        lenient: Patterns that are tried last, on lines that are cut short or in a neighbouring format; such a line does
            not make a log one in this format.
        keys: The keys of a JSON object.
        before: What may stand before the object, as a regular expression.
        needs: Slots without which a JSON object is no event; of slots in one text, apart by ``|``, one is enough.
        header: The lines that name the columns.
        slots: Slots that only this format has.
        variables: What the server calls its values, and the slots that they fill; for showing.
        warnings: What may be read wrongly, as sentences.
        zone: Where the clock stands whose times carry no zone.
    """

    name: str
    title: str
    patterns: tuple[str, ...] = ()
    strict: int = 1
    shapes: tuple[Shape, ...] = ()
    lenient: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    before: str = ""
    needs: tuple[str, ...] = ()
    header: Header | None = None
    slots: Mapping[str, tuple[Slot, ...]] = field(default_factory=dict)
    variables: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    zone: str = "UTC"

    def explain(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return what the server's values become: its name of each, and the fields."""
        named = self.variables or tuple((key.name, key.slot) for key in self.keys)
        if not named:
            named = tuple((group, group) for group in group_names(self.patterns[: self.strict]))
        return [(variable, fields_of(slot, self.slots)) for variable, slot in named]

    def in_zone(self, zone: str) -> "Format":
        """Return the format for a server whose clock stands in another zone, such as ``Europe/Berlin``."""
        return replace(self, zone=zone)


_PARTS = {
    "request": ("method", "url", "version"),
    "protocol": ("version",),
    "peer": ("address", "port"),
    "server_peer": ("server_address", "server_port"),
    "tls": ("tls_protocol", "tls_version"),
    "date": ("time_iso",),
    "clock": ("time_iso",),
    "stem": ("url",),
    "args": ("url",),
    "elb_target": ("elb_backend_ip", "aws.elb.backend.port"),
    "forwarded_list": ("forwarded", "address"),
    "ignored": (),
}
"""Slots that are taken apart or put together while lines are captured."""


def fields_of(slot: str, own: Mapping[str, tuple[Slot, ...]] | None = None) -> tuple[str, ...]:
    """Return the ECS fields that a slot becomes, those that follow from them left out."""
    names = _PARTS.get(slot, (slot,))
    found = [each.field for name in names for each in find_slots(name, own)]
    return tuple(dict.fromkeys(found))


def is_comment(lines: pl.Series, entry: Format) -> pl.Series:
    """Return which lines hold no event by the format's own rules, such as a W3C log's header lines."""
    if entry.header is None:
        return pl.Series("is_comment", [False], pl.Boolean).new_from_index(0, len(lines))
    return lines.str.starts_with(entry.header.comment).fill_null(value=False).alias("is_comment")


IS_COMMENT = "is_comment"

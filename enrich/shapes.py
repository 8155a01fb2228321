"""A line's shape: literal text with slots in it. Regular expressions, and lines for tests, are made from shapes.

A shape is written like a Python format string: ``{address} - {user} [{time}]``. ``{}`` is a value nobody asks for,
``{status:[0-9]+}`` one whose text is known, and ``{{`` a brace. The server's own directive compiles to a shape as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from enrich.slots import CLF_TIME, LABEL, SLOTS, Reading, Slot, find_slots

QUOTED = r'(?:[^"\\]|\\.)*'
METHOD = r"(?P<method>[A-Za-z][A-Za-z_\-]*)"
_CLF_TIME = r"[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+\-][0-9]{4}"
_LISTED = r"[^ ,]+(?:(?:,| :) [^ ,]+)*"
_PIECES = {
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "clock": r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?",
    "time_slashes": r"[0-9/]{10} [0-9:]{8}",
    "time_haproxy": r"[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8}(?:\.[0-9]+)?",
    "status": r"[0-9]{3}|-",
    "protocol": r"(?:HTTP/)?[0-9.]+|-",
    "bytes": r"[0-9]+|-",
    **dict.fromkeys(("ingress_upstreams", "ingress_lengths", "ingress_times", "ingress_statuses"), _LISTED),
}
"""Slots whose text is known better than by what stands after it."""

_ADDRESSES = r"-|[0-9a-fA-F:.%\[\]]+(?:, *[0-9a-fA-F:.%\[\]]+)*"
_NEXT_TO_ANOTHER = {"stem": r'[^ ?"]*', "address": "[^ :]*", "domain": r"\[[^\]]*\]|[^ :/]*"}
"""Slots whose end shows even where no literal text follows."""

_END = " *$"
_META = frozenset("\\.+*?()|[]{}^$#&-~")


@dataclass(frozen=True, slots=True)
class Hole:
    """A value in a shape; without a slot it is read over.

    Attributes:
        slot: What it is.
        piece: A regular expression of its text, where it is known; in a written shape it follows the slot and a colon.
    """

    slot: str = ""
    piece: str = ""


Part = str | Hole
Shape = tuple[Part, ...]


def parse_shape(text: str) -> Shape:
    """Return a shape from how it is written."""
    parts: list[Part] = []
    for literal, slot, piece, _ in Formatter().parse(text):
        parts += [literal] if literal else []
        parts += [] if slot is None else [Hole(slot, piece or "")]
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Patterns:
    """The regular expressions of shapes.

    Attributes:
        shapes: What they were made of.
        all: The strict ones first, then those that take what the strict ones should have taken.
        strict: How many are strict.
        cut: For lines that end too early.
    """

    shapes: tuple[Shape, ...]
    all: tuple[str, ...]
    strict: int
    cut: tuple[str, ...]


def shape_patterns(
    *texts: str | Shape, before: str = "", own: Mapping[str, tuple[Slot, ...]] | None = None
) -> Patterns:
    """Return the regular expressions of shapes.

    Args:
        texts: Shapes of one format.
        before: A regular expression of what stands before each of them.
        own: Slots that only this format has.
    """
    shapes = [parse_shape(text) if isinstance(text, str) else text for text in texts]
    strict = [_pattern(shape, before, own, "strict") for shape in shapes]
    tolerant = [_pattern(shape, before, own, level) for level in ("any", "raw") for shape in shapes]
    cut = [_pattern(part, before, own, "raw", end="(?: .*)?$") for part in map(_essence, shapes) if part]
    every = tuple(dict.fromkeys((*strict, *tolerant)))
    return Patterns(tuple(shapes), every, len(dict.fromkeys(strict)), tuple(dict.fromkeys(cut)))


def render(shape: Shape, texts: Mapping[str, str]) -> str:
    """Return the line in which the slots have these texts; a slot without one has ``-``, what is read over nothing."""
    return "".join(part if isinstance(part, str) else texts.get(part.slot, "" if part.piece else "-") for part in shape)


def slots_of(shape: Shape) -> list[str]:
    """Return the slots of a shape, in order."""
    return [part.slot for part in shape if isinstance(part, Hole) and part.slot]


def _essence(shape: Shape) -> Shape:
    """Return the part of a shape that tells the time, the client and the answer, for lines that are cut short."""
    names = [part.slot if isinstance(part, Hole) else "" for part in shape]
    if "status" not in names:
        return ()
    end = names.index("bytes") if "bytes" in names and names.index("bytes") > names.index("status") else 0
    part = shape[: max(end, names.index("status")) + 1]
    has_time = any(name.startswith("time") for name in slots_of(part))
    is_whole = has_time and {"address", "peer"} & set(slots_of(part)) and {"request", "url"} & set(slots_of(part))
    return part if is_whole and len(part) < len(shape) else ()


def _pattern(shape: Shape, before: str, own: Mapping[str, tuple[Slot, ...]] | None, level: str, end: str = _END) -> str:
    seen: set[str] = set()
    pieces = []
    slots = set(slots_of(shape))
    for number, part in enumerate(shape):
        if isinstance(part, str):
            pieces.append(_escape(part))
            continue
        ahead = shape[number - 1] if number else ""
        after = shape[number + 1] if number + 1 < len(shape) else ""
        is_clean = level == "strict" and not slots & {"method", "url", "version"}
        hole = Hole("", part.piece) if part.slot in seen else part
        pieces.append(_hole(hole, ahead, after, level, own, is_clean=is_clean))
        seen.add(part.slot)
    return f"^{before}{''.join(pieces)}{end}"


def _hole(
    hole: Hole, ahead: Part, after: Part, level: str, own: Mapping[str, tuple[Slot, ...]] | None, *, is_clean: bool
) -> str:
    is_quoted = isinstance(ahead, str) and isinstance(after, str) and ahead.endswith('"') and after.startswith('"')
    slot = hole.slot
    if slot == "request" and is_clean:
        url = r'[^ "\\]|\\.' if is_quoted else r"[^ ]"
        return rf"{METHOD} (?P<url>(?:{url})+) HTTP/(?P<version>[0-9.]+)"
    text = (
        hole.piece
        or _PIECES.get(slot)
        or _time_piece(slot, own)
        or _piece(slot, ahead, after, level, is_quoted=is_quoted)
    )
    return f"(?P<{slot}>{text})" if slot else f"(?:{text})"


def _time_piece(slot: str, own: Mapping[str, tuple[Slot, ...]] | None) -> str:
    if not slot.startswith("time"):
        return ""
    layout = find_slots(slot, own)[0].layout
    if layout == CLF_TIME:
        return _CLF_TIME
    return ".+?" if " " in layout and slot not in SLOTS else ""


def _piece(slot: str, ahead: Part, after: Part, level: str, *, is_quoted: bool) -> str:
    if slot == "args" and isinstance(ahead, Hole):
        return r"(?:\?.*?)?" if level == "raw" else r'(?:\?[^ "]*)?'
    if level == "raw":
        return _number(slot) or (".*?" if after else ".*")
    if is_quoted:
        return QUOTED
    return _unquoted(slot, after, level)


def _unquoted(slot: str, after: Part, level: str) -> str:
    if isinstance(after, Hole):
        return _NEXT_TO_ANOTHER.get(slot) or _number(slot) or ".*?"
    if slot == "forwarded":
        return _ADDRESSES
    if not after:
        return ".*"
    if level == "any" and after[0] == " " and slot in {"user", "", "referrer"}:
        return ".*?"
    return f"[^{_escape(after[0])}]*"


def _number(slot: str) -> str:
    if not slot or slot.startswith(LABEL) or slot not in SLOTS:
        return ""
    return r"[+\-]?[0-9]*" if SLOTS[slot][0].reading is Reading.INTEGER else ""


def _escape(text: str) -> str:
    return "".join(f"\\{char}" if char in _META else char for char in text)

"""Makes log text safe to look at: nothing in it may drive a terminal, reorder or hide what stands beside it."""

import unicodedata

_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))


def visible(value: object, limit: int = 200) -> str:
    """Return a value as one line of harmless text.

    Control characters, bidirectional overrides, right-to-left letters, line separators, combining marks and lone
    surrogates are written as escapes (``\\x1b``, ``\\u202e``).

    Args:
        value: What to show; None becomes the empty string.
        limit: Characters of the original that are kept at most; what was cut is counted.
    """
    text = "" if value is None else str(value)
    shown = "".join(char if _is_harmless(char) else _escaped(char) for char in text[:limit])
    return f"{shown} … ({len(text):,} characters in all)" if len(text) > limit else shown


def _is_harmless(char: str) -> bool:
    if char.isascii():
        return char.isprintable()
    combining = unicodedata.category(char).startswith("M")
    return char.isprintable() and not combining and unicodedata.bidirectional(char) not in _RIGHT_TO_LEFT


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")

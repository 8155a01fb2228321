"""Makes text safe to look at: nothing in it may drive a terminal, reorder or hide what stands beside it.

The one idea of what is harmless; mails, pages, the terminal and the log share it.
"""

import unicodedata

_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))


def visible(value: object, limit: int | None = 200) -> str:
    """Return a value as one line of harmless text.

    Control characters, bidirectional overrides, right-to-left letters, line separators, combining marks and lone
    surrogates are written as escapes (``\\x1b``, ``\\u202e``).

    Args:
        value: What to show; None becomes the empty string.
        limit: Characters of the original that are kept at most; what was cut is counted. None keeps all of them.
    """
    text = "" if value is None else str(value)
    kept = text if limit is None else text[:limit]
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join(char if _is_harmless(char) else _escaped(char) for char in kept)
    return kept if limit is None or len(text) <= limit else f"{kept} … ({len(text):,} characters in all)"


def printable(value: object) -> str:
    """Return all of a value as one line of harmless text: `visible` without a limit."""
    return visible(value, None)


def _is_harmless(char: str) -> bool:
    if char.isascii():
        return char.isprintable()
    combining = unicodedata.category(char).startswith("M")
    return char.isprintable() and not combining and unicodedata.bidirectional(char) not in _RIGHT_TO_LEFT


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")

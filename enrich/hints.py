"""From the patterns of all signs to one expression that says fast which texts are boring.

It takes more than the patterns do, never less. What makes an automaton large goes: anchors, word borders, ends and
counters. What alternatives begin with in common is pulled out, so that at most characters of a URL the automaton has a
handful of ways on instead of hundreds: a quarter of the time.
"""

import re

_PIECE = re.compile(r"\\x[0-9a-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_PLAIN = re.compile(r"""[a-z0-9/_=@;!<>:,~#%&`' "-]|\\[./$(){}?*+^|\[\]\\-]""")
_LOOSER = {"^[^?]*": "", "^/+([^/?]+/)?": "/", "^/+": "/", r"\b": "", r"(\?|$)": "", r"(/|\?|$)": ""}
_MAX_TAIL = 40
"""A group is multiplied out when no more than that follows it: else the expression would grow without end."""


def looser(pattern: str) -> str:
    """Return what takes whatever a pattern takes: the pattern without anchors, word borders, ends and counters."""
    for exact, loose in _LOOSER.items():
        pattern = pattern.replace(exact, loose)
    return re.sub(r"\{\d+,\d+\}", "*", pattern)


def factored(patterns: list[str]) -> str:
    """Return one expression that takes whatever one of the patterns takes, common beginnings pulled out."""
    return _factor([alternative for pattern in patterns for alternative in _split(pattern)])


def _split(pattern: str) -> list[str]:
    """Return the alternatives of a pattern, those in groups left as they are."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _factor(alternatives: list[str]) -> str:
    groups: dict[str, list[str]] = {}
    others: list[str] = []
    for alternative in alternatives:
        for head, tail in _heads(alternative):
            if head:
                groups.setdefault(head, []).append(tail)
            else:
                others.append(tail)
    # A beginning that is enough by itself makes what may follow it needless.
    tails = (head if "" in tails else f"{head}(?:{_factor(tails)})" for head, tails in groups.items())
    return "|".join([*dict.fromkeys(others), *tails])


def _heads(alternative: str) -> list[tuple[str, str]]:
    """Return first characters with what follows each; the character is empty where there is none in particular."""
    pieces: list[str] = _PIECE.findall(alternative)
    if not pieces:
        return [("", "")]
    if pieces[0] == "(" and pieces[1] != "?":
        return _opened(pieces) or [("", alternative)]
    rest = alternative[len(pieces[0]) :]
    return (
        [("", alternative)]
        if rest[:1] in {"*", "+", "?", "{"} or not _PLAIN.fullmatch(pieces[0])
        else [(pieces[0], rest)]
    )


def _opened(pieces: list[str]) -> list[tuple[str, str]]:
    """Multiply out the group that an alternative begins with; nothing where it is repeated or much follows it."""
    depth, end = 0, 0
    for end, piece in enumerate(pieces):  # noqa: B007 - where it stops is what is asked for
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            break
    inner, rest = _split("".join(pieces[1:end])), "".join(pieces[end + 1 :])
    if rest[:1] == "?":
        inner, rest = [*inner, ""], rest[1:]
    if rest[:1] in {"*", "+", "{"} or len(rest) > _MAX_TAIL:
        return []
    return [pair for option in inner for pair in _heads(option + rest)]

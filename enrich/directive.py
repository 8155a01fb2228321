"""The server's own directive becomes a format: nginx's `log_format`, Apache's `LogFormat`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from core import fields
from core.errors import FormatError
from enrich.entry import Format
from enrich.json_directive import json_keys
from enrich.shapes import Hole, Part, Shape, shape_patterns
from enrich.slots import Reading, Slot, label
from enrich.variables import apache_slot, nginx_slot

_NGINX = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE = re.compile(r"%(?:[!<>]|\d{3},?)*(?:\{([^}]*)\})?[<>]?(\^t[io]|[A-Za-z%])")
_APACHE_ESCAPES = {r"\"": '"', r"\\": "\\", r"\t": "\t", r"\n": "\n", r"\'": "'"}
_CLIENTS = frozenset({"address", "peer", "forwarded_list"})
_SPACED = frozenset({"request", "user_agent", "referrer", "url", "stem", "args"})
"""Slots whose text may hold blanks, as a client writes them."""

_FOLLOWED = frozenset({"stem", "ignored"})
"""Slots whose end shows where a query follows at once."""

_FRACTIONS = {"msec_frac": "%3f", "usec_frac": "%6f"}
_CUSTOM_TIME = "time_custom"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a directive.

    Attributes:
        text: As it stands there.
        slot: What it fills.
        layout: For a time in a layout of its own: the strftime layout.
    """

    text: str
    slot: str
    layout: str = ""


Token = str | Variable


def compile_directive(text: str) -> Format:
    """Compile an nginx `log_format` or Apache `LogFormat` text; its variables tell which it is.

    Raises:
        FormatError: It is neither, or has no time or no client in it.
    """
    if _NGINX.search(text):
        return compile_nginx(text)
    if _APACHE.search(text):
        return compile_apache(text)
    raise FormatError("the format has no variable in it", "give a format's name, or a log_format or LogFormat text")


def compile_nginx(text: str, name: str = "log_format") -> Format:
    """Compile the text of nginx's `log_format`, its quoted parts joined.

    Args:
        text: E.g. ``$remote_addr - $remote_user [$time_local] "$request" $status``.
        name: The format's name.

    Raises:
        FormatError: It has no time or no client in it, or none of nginx's variables.
    """
    tokens: list[Token] = []
    for literal, match in _pieces(_NGINX, text):
        tokens += [literal] if literal else []
        if match:
            tokens.append(Variable(match[0], nginx_slot(match[1] or match[2])))
    return _compile(name, "nginx log_format", tokens)


def compile_apache(text: str, name: str = "LogFormat") -> Format:
    r"""Compile the text of Apache's `LogFormat`, with or without its backslashes.

    Args:
        text: E.g. ``%h %l %u %t \"%r\" %>s %b``.
        name: The format's name.

    Raises:
        FormatError: It has no time or no client in it, or a time that cannot be read.
    """
    plain = re.sub(r"\\[\"\\tn']", lambda match: _APACHE_ESCAPES[match[0]], text)
    tokens: list[Token] = []
    for literal, match in _pieces(_APACHE, plain):
        tokens += [literal] if literal else []
        tokens += _apache_tokens(match) if match else []
    return _compile(name, "Apache LogFormat", _merge_times(tokens))


def _pieces(pattern: re.Pattern[str], text: str) -> Iterable[tuple[str, re.Match[str] | None]]:
    end = 0
    for match in pattern.finditer(text):
        yield text[end : match.start()], match
        end = match.end()
    yield text[end:], None


def _apache_tokens(match: re.Match[str]) -> list[Token]:
    argument, letter = match[1] or "", match[2]
    if letter == "%":
        return ["%"]
    if letter != "t":
        return [Variable(match[0], apache_slot(letter, argument))]
    bare = re.sub(r"^(?:begin|end):?", "", argument)
    if not bare:
        return ["[", Variable(match[0], "time"), "]"]
    if bare in {"sec", "msec", "usec"}:
        return [Variable(match[0], apache_slot("t", bare))]
    return [Variable(match[0], _CUSTOM_TIME, _FRACTIONS.get(bare, bare))]


def _merge_times(tokens: list[Token]) -> list[Token]:
    """Make one variable of a time that is put together of several directives."""
    merged: list[Token] = []
    for token in tokens:
        before = merged[-2:]
        if (
            isinstance(token, Variable)
            and token.layout
            and before
            and isinstance(before[0], Variable)
            and before[0].layout
            and all(isinstance(each, str) for each in before[1:])
        ):
            between = "".join(each for each in before[1:] if isinstance(each, str))
            del merged[-len(before) :]
            text = f"{before[0].text}{between}{token.text}"
            merged.append(Variable(text, _CUSTOM_TIME, f"{before[0].layout}{between}{token.layout}"))
        elif isinstance(token, Variable) and token.layout and merged and _has_layout(merged[-1]):
            last = merged.pop()
            assert isinstance(last, Variable)  # noqa: S101 - as `_has_layout` says
            merged.append(Variable(last.text + token.text, _CUSTOM_TIME, last.layout + token.layout))
        else:
            merged.append(token)
    return merged


def _has_layout(token: Token) -> bool:
    return isinstance(token, Variable) and bool(token.layout)


def _compile(name: str, title: str, tokens: list[Token]) -> Format:
    named = _name(tokens)
    variables = tuple((token.text, token.slot) for token in named if isinstance(token, Variable))
    layout = next((token.layout for token in named if isinstance(token, Variable) and token.layout), "")
    own = {_CUSTOM_TIME: (Slot(fields.TIMESTAMP, Reading.TIME, layout=_check_layout(layout)),)} if layout else {}
    _check(title, {slot for _, slot in variables})
    shape: Shape = tuple(_part(token) for token in named)
    text = "".join(token if isinstance(token, str) else f"\ue000{token.slot}\ue001" for token in named)
    keys = json_keys(text)
    if keys:
        needs = tuple("|".join(sorted(group)) for group in _needs({key.slot for key in keys}) if group)
        entry = Format(name, f"{title}, JSON", keys=keys, needs=needs)
    else:
        patterns = shape_patterns(shape, own=own)
        entry = Format(name, title, patterns.all, patterns.strict, patterns.shapes, patterns.cut)
    warnings = () if keys else tuple(_warnings(named))
    return replace(entry, slots=own, variables=() if keys else variables, warnings=warnings)


def _needs(slots: set[str]) -> tuple[set[str], ...]:
    times = {slot for slot in slots if slot.startswith("time")}
    return times, slots & _CLIENTS, slots & {"request", "url", "stem"}


def _name(tokens: list[Token]) -> list[Token]:
    """Give each slot to the first variable that fills it; the same one again is read over, another one is a label."""
    has_peer_only = not any(isinstance(token, Variable) and token.slot in _CLIENTS for token in tokens)
    seen: dict[str, str] = {}
    named: list[Token] = []
    for token in tokens:
        if isinstance(token, str):
            if named and isinstance(named[-1], str):
                named[-1] += token
            else:
                named.append(token)
            continue
        slot = "address" if has_peer_only and token.slot in {"label_peer_address", "label_peer_host"} else token.slot
        first = seen.setdefault(slot, token.text)
        if slot == "ignored" or (slot in seen and first != token.text):
            slot = "ignored" if slot == "ignored" else label(token.text)
        elif any(isinstance(each, Variable) and each.slot == slot for each in named):
            slot = "ignored"
        named.append(replace(token, slot=slot, layout=token.layout if slot == _CUSTOM_TIME else ""))
    return named


def _part(token: Token) -> Part:
    if isinstance(token, str):
        return token
    if token.text in {"$is_args", "${is_args}"}:
        return Hole("", r"\??")
    return Hole("" if token.slot == "ignored" else token.slot)


def _check(title: str, slots: set[str]) -> None:
    if not any(slot.startswith("time") for slot in slots):
        what = "$time_iso8601" if "nginx" in title else "%t"
        raise FormatError(f"the {title} has no time in it", f"add {what} to it, or log in another format")
    if not slots & _CLIENTS:
        what = "$remote_addr" if "nginx" in title else "%a"
        raise FormatError(f"the {title} has no client's address in it", f"add {what} to it, or log in another format")


def _check_layout(layout: str) -> str:
    moment = pl.Series([datetime(2026, 3, 14, 2, 15, 7, tzinfo=UTC)])
    try:
        is_read = moment.dt.strftime(layout).str.to_datetime(layout, strict=False).is_not_null().all()
    except pl.exceptions.PolarsError:
        is_read = False
    if not is_read:
        raise FormatError(f"times in the layout {layout!r} cannot be read", "log %t or %{sec}t instead")
    return layout


def _warnings(tokens: list[Token]) -> Iterable[str]:
    for number, token in enumerate(tokens):
        if isinstance(token, str):
            continue
        after = tokens[number + 1] if number + 1 < len(tokens) else ""
        if isinstance(after, Variable) and token.slot not in _FOLLOWED:
            yield f"nothing stands between {token.text} and {after.text}: where one ends is a guess"
        ahead = "".join(each for each in tokens[:number] if isinstance(each, str))
        is_bounded = isinstance(after, str) and (ahead.count('"') % 2 == 1 or _encloses(ahead, after))
        if token.slot in _SPACED and after and isinstance(after, str) and not is_bounded:
            yield f"{token.text} stands without quotes: where its value has a blank, what follows may be read wrongly"


def _encloses(before: str, after: str) -> bool:
    return (before[-1:], after[:1]) in {('"', '"'), ("[", "]"), ("'", "'"), ("\t", "\t"), ("|", "|"), ("(", ")")}

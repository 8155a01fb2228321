"""Lines written in a format, for tests of how they are read."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from enrich import FORMATS, Format
from enrich.shapes import Hole, Shape, render
from enrich.slots import CLF_TIME, Reading, find_slots
from enrich.variables import APACHE_ARGUMENTS, APACHE_DIRECTIVES, NGINX_VARIABLES

Texts = dict[str, str]
"""From a captured slot to its text."""

WORD = st.text(st.sampled_from("abcXYZ019äß€%&=_~!"), min_size=1, max_size=8)
ADDRESS = st.ip_addresses(v=4).map(str)
TIME = st.datetimes().map(lambda at: f"{at:%d}/Mar/{at.year:04d}:{at:%H:%M:%S} +0100")
REQUEST: dict[str, st.SearchStrategy[str]] = {
    "method": st.sampled_from(["GET", "POST", "PROPFIND", "M-SEARCH"]),
    "url": WORD.map(lambda word: f"/{word}"),
    "version": st.sampled_from(["1.0", "1.1", "2", "2.0"]),
}
PEER = {"address": ADDRESS, "port": st.integers(1, 65535).map(str)}
PARTS: dict[str, tuple[dict[str, st.SearchStrategy[str]], Callable[[Texts], str]]] = {
    "request": (REQUEST, lambda part: f"{part['method']} {part['url']} HTTP/{part['version']}"),
    "haproxy_request": (REQUEST, lambda part: f"{part['method']} {part['url']} HTTP/{part['version']}"),
    "protocol": ({"version": REQUEST["version"]}, lambda part: f"HTTP/{part['version']}"),
    "peer": (PEER, lambda part: f"{part['address']}:{part['port']}"),
    "server_peer": (
        {"server_address": ADDRESS, "server_port": PEER["port"]},
        lambda part: f"{part['server_address']}:{part['server_port']}",
    ),
    **dict.fromkeys(
        ("tls", "apache_tls", "elb_tls"),
        (
            {"tls_protocol": st.just("TLS"), "tls_version": st.sampled_from(["1.2", "1.3"])},
            lambda part: f"TLSv{part['tls_version']}",
        ),
    ),
    "elb_target": (
        {"elb_backend_ip": ADDRESS, "aws.elb.backend.port": PEER["port"]},
        lambda part: f"{part['elb_backend_ip']}:{part['aws.elb.backend.port']}",
    ),
    "forwarded_list": (
        {"forwarded": ADDRESS, "address": ADDRESS},
        lambda part: f"{part['forwarded']}, {part['address']}",
    ),
    "ingress_upstreams": (
        {"ingress_upstream_ip": ADDRESS, "ingress_upstream_port": PEER["port"]},
        lambda part: f"10.0.0.1:1, {part['ingress_upstream_ip']}:{part['ingress_upstream_port']}",
    ),
}
"""Slots that fall apart: their parts, and how these are written."""

KNOWN: dict[str, st.SearchStrategy[str]] = {
    **REQUEST,
    "time": TIME,
    "time_bracketed": TIME.map(lambda text: f"[{text}]"),
    "time_haproxy": TIME.map(lambda text: f"{text.split(' ')[0]}.250"),
    "time_slashes": st.just("2026/03/14 02:15:07"),
    "time_iso": st.just("2026-03-14T02:15:07.250Z"),
    "date": st.dates().map(str),
    "clock": st.times().map(lambda at: f"{at:%H:%M:%S}"),
    "stem": REQUEST["url"],
    "args": WORD,
    "address": ADDRESS,
    "server_address": ADDRESS,
    "forwarded": st.lists(ADDRESS, min_size=1, max_size=3).map(", ".join),
    "status": st.integers(100, 599).map(str),
    "ingress_lengths": st.just("0, 17"),
    "ingress_times": st.just("0.100, 0.004"),
    "ingress_statuses": st.just("502, 200"),
    "seconds": st.integers(0, 10**6).map(lambda millis: f"{millis / 1000:.3f}"),
    "label_upstream_response_time": st.just("0.250, 0.125"),
    "domain": st.sampled_from(["shop.example", "a-b.example"]),
}


def text_of(slot: str, entry: Format) -> st.SearchStrategy[str]:
    """Return texts of a slot that is one column."""
    if slot in KNOWN:
        return KNOWN[slot]
    first = find_slots(slot, entry.slots)[0]
    if first.reading is Reading.TIME:
        return TIME if first.layout == CLF_TIME else st.integers(0, 2 * 10**9).map(str)
    if first.reading in {Reading.INTEGER, Reading.LAST, Reading.NANOSECONDS}:
        return st.integers(0, 10**9).map(str)
    return WORD


def is_next_to_stem(shape: Shape) -> bool:
    """Return whether a shape's query follows the path with nothing between, as Apache writes it."""
    return any(
        isinstance(first, Hole) and isinstance(second, Hole) and (first.slot, second.slot) == ("stem", "args")
        for first, second in pairwise(shape)
    )


@st.composite
def line_of_shape(draw: st.DrawFn, entry: Format, shape: Shape) -> tuple[str, Texts]:
    """Draw a line of a shape, and the texts that are to be captured."""
    texts: Texts = {}
    whole: Texts = {}
    for part in shape:
        if not isinstance(part, Hole) or not part.slot or part.slot in whole:
            continue
        pieces, write = PARTS.get(part.slot, ({part.slot: text_of(part.slot, entry)}, None))
        drawn = {name: texts.get(name) or draw(strategy) for name, strategy in pieces.items()}
        whole[part.slot] = write(drawn) if write else drawn[part.slot]
        if part.slot == "args" and is_next_to_stem(shape):
            whole["args"] = f"?{whole['args']}"
        texts |= drawn
    if "date" in texts and "clock" in texts:
        texts["time_iso"] = f"{texts.pop('date')} {texts.pop('clock')}"
    if "stem" in texts:
        stem, args = texts.pop("stem"), texts.pop("args", None)
        texts.setdefault("url", stem if args is None else f"{stem}?{args}")
    return render(shape, whole), texts


@st.composite
def json_line(draw: st.DrawFn, entry: Format) -> tuple[str, Texts]:
    """Draw a JSON line with one key of each slot, and the texts that are to be captured."""
    tree: dict[str, Any] = {}
    texts: Texts = {}
    known = {key.slot for key in entry.keys}
    left_out = {"request", "stem", "args"} | ({"peer"} if known & {"address", "forwarded_list"} else set())
    left_out |= {"forwarded"} if "forwarded_list" in known else set()
    slots = {key.slot: key for key in reversed(entry.keys) if key.slot not in left_out}
    for slot, key in slots.items():
        pieces, write = PARTS.get(slot, ({slot: text_of(slot, entry)}, None))
        drawn = {name: draw(strategy) for name, strategy in pieces.items()}
        branch = tree
        for name in key.path[:-1]:
            branch = branch.setdefault(name, {})
        if key.path[-1] not in branch:
            value = write(drawn) if write else drawn[slot]
            branch[key.path[-1]] = [value] if key.is_list else value
            texts |= drawn
    return ("2026-03-14T02:15:07Z stdout F " if entry.before else "") + json.dumps(tree), texts


@st.composite
def written(draw: st.DrawFn, name: str) -> tuple[Format, list[str], Texts]:
    """Draw lines in a format of the table, the last of which has the texts."""
    entry = FORMATS[name]
    if entry.keys:
        line, texts = draw(json_line(entry))
        return entry, [line], texts
    line, texts = draw(line_of_shape(entry, draw(st.sampled_from(entry.shapes))))
    return entry, [line], texts


_LITERAL = st.sampled_from([" ", " - ", '"', '" "', "[", "] ", "|", "\t", "x=", ",", "; ", "(", ") ", ""])
NGINX_DIRECTIVE = st.lists(
    st.tuples(
        _LITERAL, st.sampled_from([*NGINX_VARIABLES, "upstream_addr", "http_x_own"]).map(lambda name: f"${name}")
    ),
    max_size=8,
).map(lambda pairs: "$remote_addr [$time_local]" + "".join(map("".join, pairs)))
APACHE_DIRECTIVE = st.lists(
    st.tuples(
        _LITERAL,
        st.sampled_from([f"%{letter}" for letter in APACHE_DIRECTIVES])
        | st.sampled_from([f"%{{{argument}}}{letter}" for letter, argument in APACHE_ARGUMENTS]),
    ),
    max_size=8,
).map(lambda pairs: "%h %t" + "".join(map("".join, pairs)))
DIRECTIVE = NGINX_DIRECTIVE | APACHE_DIRECTIVE

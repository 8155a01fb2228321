"""Who asks, what was asked, and the frame that it becomes: one row per request, with the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

NORMAL = "normal"
NOBODY = "-"

SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    "client": pl.String(),
    "method": pl.String(),
    "url": pl.String(),
    "protocol": pl.String(),
    "status": pl.Int32(),
    "bytes": pl.Int64(),
    "referrer": pl.String(),
    "user_agent": pl.String(),
    "domain": pl.String(),
    "user": pl.String(),
    "kind": pl.String(),
    "actor": pl.String(),
    "attack": pl.String(),
}
"""Columns of every simulated frame. `bytes` is the body's size; `referrer`, `user_agent` and `user` are "-" when empty;
`kind` is "normal" or the attack's kind; `actor` names the visitor or the attack run; `attack` is null for visitors.
What an attacker asked for before it was anything hostile is "normal", with its attack and actor. A line without a
method (`method` is "-") is no HTTP: `url` is what was sent instead, "-" for nothing."""


@dataclass(frozen=True, slots=True)
class Face:
    """What the server sees of an actor, and what only we know about it."""

    client: str
    agent: str
    actor: str
    domain: str
    protocol: str = "HTTP/1.1"
    kind: str = NORMAL
    attack: str | None = None


class Request(NamedTuple):
    """One request and its answer; `at` is seconds since 1970, UTC."""

    at: float
    face: Face
    method: str
    url: str
    status: int
    size: int
    referrer: str = NOBODY
    user: str = NOBODY
    is_innocent: bool = False
    """Whether an attacker's request is nothing hostile yet."""


Journal = list[Request]
"""Requests in the order in which their actors made them."""


def to_frame(journal: Sequence[Request]) -> pl.DataFrame:
    """Return the requests as a frame with the columns of `SCHEMA`, sorted by time."""
    faces = [request.face for request in journal]
    micros = pl.Series("time", [int(request.at * 1e6) for request in journal], dtype=pl.Int64)
    columns = {
        "time": micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "client": [face.client for face in faces],
        "method": [request.method for request in journal],
        "url": [request.url for request in journal],
        "protocol": [face.protocol for face in faces],
        "status": [request.status for request in journal],
        "bytes": [request.size for request in journal],
        "referrer": [request.referrer for request in journal],
        "user_agent": [face.agent for face in faces],
        "domain": [face.domain for face in faces],
        "user": [request.user for request in journal],
        "kind": [NORMAL if request.is_innocent else request.face.kind for request in journal],
        "actor": [face.actor for face in faces],
        "attack": [face.attack for face in faces],
    }
    return pl.DataFrame(columns, schema=SCHEMA).sort("time", maintain_order=True)


def truth(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row per attack run: attack, kind, actor, clients (list), first, last (times), requests.

    `clients` are those that did something hostile; `first` and `requests` count what came before it, too.
    """
    hostile = pl.col("kind") != NORMAL
    return (
        frame.filter(pl.col("attack").is_not_null())
        .group_by("attack", "actor", maintain_order=True)
        .agg(
            pl.col("kind").filter(hostile).first().fill_null(NORMAL),
            pl.col("client").filter(hostile).unique(maintain_order=True).alias("clients"),
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            pl.len().alias("requests"),
        )
        .sort("first", "actor")
    )


def seconds(moment: datetime) -> float:
    """Return an aware time as seconds since 1970."""
    return moment.astimezone(UTC).timestamp()

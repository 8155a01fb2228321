"""Ground truth: what labels say of each client of a log.

Labels come per client, per line, or as a cruder automatic pass ("silver"), which is reported apart and never mixed in.
"""

from collections.abc import Sequence

import polars as pl

from core.errors import EvaluationError
from enrich.agents import AgentTable

ATTACK, NORMAL, CRAWLER, LEFT_OUT, UNSOLICITED = "attack", "normal", "crawler", "left_out", "unsolicited"

_LABELS = {
    "attack": ATTACK,
    "normal": NORMAL,
    "normal_presumed": NORMAL,
    "crawler": CRAWLER,
    "unsolicited": UNSOLICITED,
}
"""What is in no label here (`unlabelled`, `unknown`) is left out of every figure."""

_SILVER = {
    "none": NORMAL,
    "exploit_probe": ATTACK,
    "login_bruteforce": ATTACK,
    "scanner_4xx": ATTACK,
}
"""Bursts and malformed lines may be anything: left out."""

_DECLARED = "declared_bot_or_tool"
_HARMLESS_AGENTS = ("crawler", "feed", "monitor")
_RANK = (LEFT_OUT, CRAWLER, NORMAL, UNSOLICITED, ATTACK)

LOGIN = ("bruteforce", "spray", "stuffing")
HOSTILE_URLS = ("scan", "injection", "webshell")
FLOODS = ("dos", "ddos")
_KINDS_OF: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("brute", "login", "password", "spray", "stuffing", "credential"), LOGIN),
    (("dos", "flood"), FLOODS),
    (("scrap",), ("scrape",)),
    (("exploit", "probe", "scan", "inject", "sql", "xss", "traversal", "rce", "shell", "cve"), HOSTILE_URLS),
)
"""A scanner looks for what it can inject into, and one request may be either: these count as one family."""

_TAUGHT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("spray", ("spray",)),
    ("stuffing", ("stuffing",)),
    ("bruteforce", ("brute", "login", "password", "credential")),
    ("ddos", ("ddos", "distributed")),
    ("dos", ("dos", "flood")),
    ("scrape", ("scrap",)),
    ("webshell", ("shell",)),
    ("injection", ("inject", "sql", "xss", "traversal", "rce")),
    ("scan", ("exploit", "probe", "scan", "cve")),
)

TRUTH_SCHEMA: dict[str, pl.DataType] = {
    "client": pl.String(),
    "truth": pl.String(),
    "attack_type": pl.String(),
}
"""One row per client: `truth` is one of the constants above, `attack_type` the labels' own word, "" where none."""


def read_labels(table: pl.DataFrame) -> pl.DataFrame:
    """Read labels per client or per line.

    Args:
        table: Text columns `client` and `label`, or `client` and `silver_label`; `attack_type` where there is one.

    Returns:
        TRUTH_SCHEMA. A client with any hostile line is an attacker.

    Raises:
        EvaluationError: There are no such columns.
    """
    if {"client", "label"} <= set(table.columns):
        truth = pl.col("label").str.strip_chars().replace_strict(_LABELS, default=LEFT_OUT)
        kind = pl.col("attack_type") if "attack_type" in table.columns else pl.lit("")
    elif {"client", "silver_label"} <= set(table.columns):
        truth, kind = _silver(table), pl.col("silver_label")
    else:
        raise EvaluationError("the labels have no columns client and label", "see docs/detection.md")
    labels = table.select("client", truth.alias("truth"), kind.fill_null("").alias("attack_type"))
    return worst(labels.with_columns(_only_of_attacks()))


def worst(labels: pl.DataFrame) -> pl.DataFrame:
    """Return one row per client, its worst label."""
    rank = pl.col("truth").replace_strict({name: rank for rank, name in enumerate(_RANK)}, return_dtype=pl.Int8)
    return (
        labels.sort(rank, descending=True, maintain_order=True)
        .unique("client", keep="first", maintain_order=True)
        .select(*TRUTH_SCHEMA)
    )


def accepted_kinds(attack_type: str) -> Sequence[str]:
    """Return the kinds under which an attack of this type counts as rightly named; none: any kind does."""
    word = attack_type.lower()
    return next((kinds for parts, kinds in _KINDS_OF if any(part in word for part in parts)), ())


def taught_kind(attack_type: str) -> str | None:
    """Return the kind as which an attack of this type is taught; None where the word does not tell."""
    word = attack_type.lower()
    return next((kind for kind, parts in _TAUGHT if any(part in word for part in parts)), None)


def by_address(labels: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Bring labels of addresses to the clients of the events: an IPv6 client is a whole /64.

    Args:
        labels: TRUTH_SCHEMA, `client` as the labels have it.
        events: EVENT_SCHEMA.

    Returns:
        TRUTH_SCHEMA with a row for each client of the events; one without a label is left out of the figures.
    """
    clients = events.select("client", "address").unique()
    known = clients.join(labels.rename({"client": "address"}), on="address", how="left")
    return worst(known.with_columns(pl.col("truth").fill_null(LEFT_OUT), pl.col("attack_type").fill_null("")))


def _silver(table: pl.DataFrame) -> pl.Expr:
    found = pl.col("silver_label").str.strip_chars()
    if "evidence" not in table.columns:
        return found.replace_strict(_SILVER, default=LEFT_OUT)
    classes = AgentTable(100_000).columns(table["evidence"].fill_null(""))["wwwatch.agent.class"]
    declared = pl.lit(classes.is_in(_HARMLESS_AGENTS).fill_null(value=False)) & (found == _DECLARED)
    return pl.when(declared).then(pl.lit(CRAWLER)).otherwise(found.replace_strict(_SILVER, default=LEFT_OUT))


def _only_of_attacks() -> pl.Expr:
    return pl.when(pl.col("truth").is_in([ATTACK, UNSOLICITED])).then("attack_type").otherwise(pl.lit(""))

"""Damaged lines into every format and random directives, for as long as is asked: `python -m tests.fuzz_formats`.

Each batch is read all the way to documents. It fails when anything raises, when a line is lost, doubled or changed,
when a document is no JSON, or when a line is read otherwise than alone. Then the batch's seed is printed: `--seed`
repeats it.
"""

import json
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click
import polars as pl

from core.errors import FormatError
from enrich import (
    FORMATS,
    Enrichment,
    Format,
    Origin,
    compile_directive,
    detect,
    drop_comments,
    read_events,
    to_documents,
)
from enrich.variables import APACHE_ARGUMENTS, APACHE_DIRECTIVES, NGINX_VARIABLES

GOLDEN = Path(__file__).parent / "golden" / "enrich"
SCRAPS = (
    *(
        '"',
        "\\",
        '\\"',
        "\\x22",
        "%",
        "%zz",
        "%00",
        "%u0041",
        "\x00",
        "\x1b[2J",
        "\u202e",
        "é",
        "\U0001f600",
        "\r",
        "\t",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "},{",
        "null",
        ",",
        ":",
        "-",
        " ",
        "  ",
        "'",
        "|",
        "#",
        "#Fields: ",
        "${jndi:ldap://x}",
        "\ue000",
    ),
    *(
        "9" * 30,
        "1e999",
        "-1",
        "0x1",
        "NaN",
        "[31/Feb/2021:25:61:61 +9999]",
        "::1%",
        "http://",
        "//host",
        "?" * 9,
        "A" * 3_000,
    ),
)
LITERALS = (" ", " - ", '"', '" "', " [", "] ", "|", "\t", "x=", ",", "")
ORIGIN = Origin("fuzz.log", "host", "default", datetime(2026, 3, 14, tzinfo=UTC), "0")
BATCH = 120


def damage(dice: random.Random, line: str) -> str:
    """Return the line after some harm, or as it is."""
    for _ in range(dice.choice((0, 1, 1, 2, 5))):
        start = dice.randrange(len(line) + 1)
        end = min(len(line), start + dice.choice((0, 1, 3, 20)))
        match dice.randrange(5):
            case 0:
                line = line[:start] + dice.choice(SCRAPS) + line[end:]
            case 1:
                line = line[:start] + line[end:]
            case 2:
                line = line[:start] + line[start:end] * 3 + line[end:]
            case 3:
                line = line[:start]
            case _:
                raw = bytes(dice.randrange(256) for _ in range(4))
                line = line[:start] + raw.decode("utf-8", "backslashreplace") + line[end:]
    return line.replace("\n", " ")


def directive(dice: random.Random) -> str:
    """Return a directive of nginx's or Apache's, most often a strange one."""
    if dice.random() < 0.5:
        names = [*NGINX_VARIABLES, "upstream_addr", "http_own"]
        tail = "".join(dice.choice(LITERALS) + "$" + dice.choice(names) for _ in range(dice.randrange(9)))
        return '$remote_addr [$time_local] "$request"' + tail
    whole = [f"%{letter}" for letter in APACHE_DIRECTIVES] + [f"%{{{name}}}{each}" for each, name in APACHE_ARGUMENTS]
    return '%h %t "%r"' + "".join(dice.choice(LITERALS) + dice.choice(whole) for _ in range(dice.randrange(9)))


def choose(dice: random.Random, lines: list[str]) -> Format:
    """Return a format: one of the table, one that is compiled, or what the lines are taken for."""
    kind = dice.random()
    if kind < 0.25:
        return compile_directive(directive(dice))
    if kind < 0.35:
        try:
            return detect(pl.Series(lines)).format
        except FormatError:
            pass
    return FORMATS[dice.choice([*FORMATS])]


def documents(lines: list[str], entry: Format, enrichment: Enrichment) -> list[dict[str, object]]:
    """Return the documents of lines, comments left out; whatever is wrong is an assertion's error."""
    events = read_events(pl.Series(lines, dtype=pl.String), entry, enrichment)
    assert events.lines["event.original"].to_list() == lines
    events, is_event = drop_comments(events)
    kept = [line for line, keep in zip(lines, is_event, strict=True) if keep]
    numbers = pl.Series(range(len(kept)), dtype=pl.Int64)
    texts = to_documents(events, numbers.cast(pl.String), numbers, ORIGIN).lines()
    found = [json.loads(text.split("\n")[1]) for text in texts]
    assert [each["event"]["original"] for each in found] == kept
    return found


def batch(seed: int, logs: dict[str, list[str]], enrichment: Enrichment) -> Counter[str]:
    """Read one batch, half of the time in the format of its lines; return what was in it."""
    dice = random.Random(seed)
    case = dice.choice([*logs]) if dice.random() < 0.5 else ""
    seeds = logs.get(case) or [line for log in logs.values() for line in log]
    lines = [damage(dice, dice.choice(seeds)) for _ in range(dice.choice((1, 7, BATCH)))]
    entry = FORMATS.get(case) or choose(dice, lines)
    found = documents(lines, entry, enrichment)
    if entry.header is None:
        row = dice.randrange(len(lines))
        (alone,) = documents([lines[row]], entry, enrichment)
        alone["log"] = found[row]["log"]
        assert alone == found[row], f"line {row} alone is another event"
    misfits = sum("error" in each for each in found)
    return Counter(batches=1, lines=len(lines), events=len(found) - misfits, misfits=misfits)


@click.command()
@click.option("--minutes", type=float, default=10.0, show_default=True)
@click.option("--seed", type=int, help="Repeat this batch alone.")
@click.option("--first", type=int, default=0, help="The first batch's seed.")
def main(minutes: float, seed: int | None, first: int) -> None:
    """Fuzz the formats."""
    logs = {path.stem: path.read_text("utf-8").splitlines() for path in sorted(GOLDEN.glob("*.log"))}
    enrichment, total, end = Enrichment(), Counter[str](), time.monotonic() + minutes * 60
    number = first if seed is None else seed
    while time.monotonic() < end:
        try:
            total += batch(number, logs, enrichment)
        except BaseException:
            sys.stdout.write(f"--seed {number}\n")
            raise
        if seed is not None:
            break
        number += 1
    sys.stdout.write(", ".join(f"{count:,} {name}" for name, count in total.items()) + ": nothing raised or was lost\n")


if __name__ == "__main__":
    main()

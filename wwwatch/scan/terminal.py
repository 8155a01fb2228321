"""A scan's result for people at a terminal: 80 columns are enough, and nothing from the log drives the terminal."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click

from core.severity import whole_score
from core.text import printable
from wwwatch.scan.findings import Finding, count_levels
from wwwatch.scan.reading import Log
from wwwatch.scan.scan import Result

WIDEST = 110
NARROWEST = 60
CLIENTS = 4
"""Addresses that are shown of an incident; `--json` has all."""

REASONS, EXAMPLES = 3, 3
EXAMPLE_ROWS = 2
"""Rows of the terminal for each of them."""

LONGEST_DOMAIN = 100
"""Characters of it that are shown."""

COLOURS = {"critical": "bright_red", "major": "yellow", "minor": "cyan", "warning": None}
_INDENT = 6


def render(result: Result, top: int | None) -> Iterator[str]:
    """Yield the lines to print, with colours, which `click.echo` leaves out where there is no terminal.

    Args:
        result: What was found.
        top: How many incidents at most; None for all.
    """
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns)) - 1
    yield from _summary(result, width)
    shown = result.findings[:top]
    for number, finding in enumerate(shown, 1):
        yield ""
        yield from _finding(number, finding, width)
    rest = result.findings[len(shown) :]
    if rest:
        yield ""
        yield from _fill(
            f"... and {len(rest):,} more: {_levels(rest)}. See them with a higher --top, or --json.", width
        )


def _summary(result: Result, width: int) -> Iterator[str]:
    log, length = result.log, result.end - result.start
    formats = ", ".join(log.formats) or "no format"
    parsed = _percent(log.counts.parsed, log.counts.lines)
    lines = _count(log.counts.lines, "line")
    yield from _fill(f"{result.title}: {lines} ({formats}), {parsed} parsed", width, bold=True)
    period = f"{moment(result.start)} to {moment(result.end, result.start)} UTC ({duration(length)})"
    yield from _fill(f"{period}, {_count(result.requests, 'request')} by {_count(result.clients, 'client')}", width)
    requests, own = result.left_out
    if own:
        yield from _fill(
            f"Left out: {_count(requests, 'request')} by {_count(own, 'address', 'es')} of --allow.", width
        )
    for note in notes(log):
        yield from _fill(note, width, fg="yellow")
    if result.is_short:
        short = (
            "This log is short: what is usual on this site can hardly be learnt from it, so expect plain attacks only. "
            "Some days together show more."
        )
        yield from _fill(short, width, fg="yellow")
    yield ""
    if not result.findings:
        yield click.style("Nothing found: no sign of an attack, and nobody behaves unlike the others.", fg="green")
        return
    noun = _count(len(result.findings), "incident")
    yield click.style(f"{noun}: {_levels(result.findings)}", bold=True)


def notes(log: Log) -> Iterator[str]:
    """Yield a sentence for each file that was not read, or not to its end."""
    for name, why in log.strange.items():
        yield f"Skipped {name}: {why}."
    for name, count in log.cut.items():
        yield f"{name} breaks off or is broken after {_count(count, 'line')}: what follows was not looked at."


def _finding(number: int, finding: Finding, width: int) -> Iterator[str]:
    level = click.style(
        f"{finding.severity.upper()} {whole_score(finding.score)}", fg=COLOURS[finding.severity], bold=True
    )
    where = f" on {shorten(finding.domain, LONGEST_DOMAIN)}" if finding.domain else ""
    lead = f"{number:>3}. {level}  "
    for line in textwrap.wrap(f"{finding.words} ({finding.kind}){where}", width - len(click.unstyle(lead))):
        yield lead + click.style(line, bold=True)
        lead = " " * (_INDENT - 1)
    first, last = moment(finding.start), moment(finding.end, finding.start)
    period = first if first == last or not last else f"{first} to {last}"
    yield from _row("who", name_clients(finding.clients), width)
    yield from _row(
        "when", f"{period} UTC: {_count(finding.requests, 'request')}, {_count(finding.sessions, 'session')}", width
    )
    for count, reason in enumerate(finding.reasons[:REASONS]):
        yield from _row("" if count else "why", reason, width)
    for count, line in enumerate(finding.examples[:EXAMPLES]):
        yield from _row("" if count else "lines", shorten(line, EXAMPLE_ROWS * (width - 2 * _INDENT) - 8), width)
    if finding.steps:
        yield from _row("do", finding.steps[0].rstrip(":"), width)


def _row(label: str, text: str, width: int) -> Iterator[str]:
    lead = " " * (_INDENT - 1) + click.style(f"{label:<{_INDENT}}", dim=True)
    for line in textwrap.wrap(printable(text), width - 2 * _INDENT, break_on_hyphens=False) or [""]:
        yield lead + line
        lead = " " * (2 * _INDENT - 1)


def _fill(text: str, width: int, **style: object) -> Iterator[str]:
    for line in textwrap.wrap(printable(text), width):
        yield click.style(line, **style)  # type: ignore[arg-type]


def name_clients(clients: Sequence[str]) -> str:
    """Return the first few addresses, and how many more there are."""
    more = f" and {len(clients) - CLIENTS:,} more" if len(clients) > CLIENTS else ""
    return ", ".join(clients[:CLIENTS]) + more


def shorten(line: str, width: int) -> str:
    """Return a line from the log on one line of the terminal, harmless."""
    harmless = printable(line[: 4 * width])
    return harmless if len(harmless) <= width else harmless[: width - 1] + "…"


def moment(time: datetime, after: datetime | None = None) -> str:
    """Return a time to the second; only the clock's where it is the day of `after`."""
    if after is not None and time.date() == after.date():
        return f"{time:%H:%M:%S}"
    return f"{time.day} {time:%b %Y %H:%M:%S}"


def duration(length: timedelta) -> str:
    """Return a duration in its largest unit."""
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _levels(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in count_levels(findings).items())


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def _percent(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    shown = f"{share:.1%}"
    return "nearly all" if shown == "100.0%" and part < whole else "all" if part == whole else shown

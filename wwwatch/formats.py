"""Which log format the user means: a name, the server's own directive, or what the server's configuration says."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.errors import FormatError
from enrich import FORMATS, Conf, Format, compile_directive, find_format, read_conf

AUTO = "auto"
Choose = Callable[[str], Format | None]
"""From a log file's path to its format; None: its lines are to tell."""

_DIRECTIVE = re.compile(r"[$%]")


def format_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --format and --format-from."""
    by_name = click.option(
        "--format",
        "format_name",
        default=AUTO,
        metavar="FORMAT",
        help=f"A name, or the text of nginx's log_format or Apache's LogFormat; default: {AUTO}, by each file's lines."
        f" Names: {', '.join(FORMATS)}.",
    )
    by_configuration = click.option(
        "--format-from",
        metavar="CONF[:NAME]",
        help="The format that nginx's or Apache's configuration has for each file, or the one of that name in it; "
        "'-' reads standard input: nginx -T | wwwatch ... --format-from -",
    )
    return by_name(by_configuration(function))


def choose_format(format_name: str, format_from: str | None, zone: str) -> Choose:
    """Return what chooses a file's format.

    Args:
        format_name: Of --format: a name, a directive or `AUTO`.
        format_from: Of --format-from; it wins over `AUTO`.
        zone: Where the clock stands of logs whose times carry no zone.

    Raises:
        FormatError: There is no such format, or the directive or the configuration is of no use.
        UsageError: Both options are given.
    """
    if format_from is None:
        entry = None if format_name == AUTO else read_format(format_name).in_zone(zone)
        return lambda _path: entry
    if format_name != AUTO:
        raise click.UsageError("Give --format or --format-from, not both.")
    conf, name = _read(format_from)
    if name:
        named = conf.find(name).in_zone(zone)
        return lambda _path: named

    def choose(path: str) -> Format | None:
        found = conf.choose(path)
        return found.in_zone(zone) if found else None

    return choose


def read_format(text: str) -> Format:
    """Return the format of a name or a directive.

    Raises:
        FormatError: There is none.
    """
    if not _DIRECTIVE.search(text):
        return find_format(text)
    return next(iter(_formats(text)), None) or compile_directive(text)


def _formats(text: str) -> list[Format]:
    """Return the format of a whole directive, pasted from a configuration."""
    if not re.match(r"\s*(?:log_format|LogFormat)\s", text):
        return []
    conf = read_conf(text if text.rstrip().endswith(";") or "LogFormat" in text else f"{text};")
    return [conf.find(name) for name in conf.texts]


def _read(format_from: str) -> tuple[Conf, str]:
    path, name = format_from, ""
    if format_from != "-" and not Path(format_from).is_file() and ":" in format_from:
        path, _, name = format_from.rpartition(":")
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8", "replace")
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}", "check --format-from") from None
    return read_conf(text), name

r"""Frames become log files: nginx's combined format, and the ground truth beside it.

Escaping is nginx's default: quote, backslash, bytes below 32 and above 126 become ``\xHH``.
Source: nginx, module log, log_format.
"""

import json
from pathlib import Path

import polars as pl

from core.clock import iso_millis
from simulator.errors import SimulatorError
from simulator.journal import truth

_UNSAFE = r'["\\\x00-\x1f\x7f]|[^\x00-\x7f]'
_FIRST_PLAIN, _FIRST_HIGH = 32, 127
_TABLE = tuple(
    f"\\x{byte:02X}" if byte < _FIRST_PLAIN or byte >= _FIRST_HIGH or chr(byte) in '"\\' else chr(byte)
    for byte in range(256)
)
_TIME = "%d/%b/%Y:%H:%M:%S +0000"


def escape_value(text: str) -> str:
    """Return one value as nginx writes it into its log; lone surrogates stand for the bytes that they were."""
    return "".join(_TABLE[byte] for byte in text.encode("utf-8", "surrogateescape"))


def render_combined(frame: pl.DataFrame) -> pl.Series:
    """Return the rows as lines of nginx's combined log, without line ends.

    Args:
        frame: Columns as in `simulator.journal.SCHEMA`; nothing in it needs to be harmless.

    Returns:
        A series "line", as long as the frame, in its order; every line is one line of printable ASCII.
    """
    safe = frame.with_columns(
        _escaped(frame[name]) for name in ("client", "user", "method", "url", "protocol", "referrer", "user_agent")
    )
    return safe.select(
        line=pl.format(
            '{} - {} [{}] "{}" {} {} "{}" "{}"',
            "client",
            "user",
            pl.col("time").dt.convert_time_zone("UTC").dt.strftime(_TIME),
            pl.when(pl.col("method") == "-").then("url").otherwise(pl.format("{} {} {}", "method", "url", "protocol")),
            "status",
            "bytes",
            "referrer",
            "user_agent",
        )
    )["line"]


def write_log(frame: pl.DataFrame, path: Path) -> Path:
    """Write the frame as a combined log, and the ground truth beside it; both replace what was there at once.

    Args:
        frame: Columns as in `simulator.journal.SCHEMA`.
        path: The log file; the truth goes to `<path>.truth.jsonl`, one line per attack run.

    Returns:
        The path of the truth.

    Raises:
        SimulatorError: The files cannot be written.
    """
    beside = path.with_name(f"{path.name}.truth.jsonl")
    runs = [
        json.dumps(run | {"first": iso_millis(run["first"]), "last": iso_millis(run["last"])})
        for run in truth(frame).to_dicts()
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, render_combined(frame).to_list())
        _replace(beside, runs)
    except OSError as error:
        raise SimulatorError(f"cannot write {path}: {error.strerror}", "choose another file") from error
    return beside


def _escaped(column: pl.Series) -> pl.Series:
    column = column.fill_null("-")
    column = column.set(column == "", "-")
    odd = column.filter(column.str.contains(_UNSAFE)).unique()
    if odd.is_empty():
        return column
    # Escaping works on bytes and polars on characters, so the few odd values go through pairs of hexadecimal digits.
    pairs = odd.cast(pl.Binary).bin.encode("hex").str.extract_all("..")
    numbers = {f"{byte:02x}": text for byte, text in enumerate(_TABLE)}
    clean = pairs.list.eval(pl.element().replace_strict(numbers)).list.join("")
    return column.replace(odd, clean)


def _replace(path: Path, lines: list[str]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    part.replace(path)

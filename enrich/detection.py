"""Which format a log is in: the one whose strict patterns take the most of its first lines."""

from dataclasses import dataclass

import polars as pl

from core.errors import FormatError
from enrich.capture import IS_EVENT, capture
from enrich.entry import Format, is_comment
from enrich.formats import FORMATS
from enrich.w3c import last_header

SAMPLE_LINES = 2_000
"""How many lines `detect` looks at."""

_FIRST_LOOK = 100
_OBJECT = r"^[^{]{0,80}\{"
_NEARLY = 0.9
"""A more telling format is taken when it fits nearly as many lines: it has tolerant patterns for the others."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found.

    Attributes:
        format: The format that fits best; with a header, it knows the columns of the first lines.
        share: The part of the lines that it takes, 0 to 1; comments do not count.
        others: The names of further formats that take lines, and their shares; the best ones first.
    """

    format: Format
    share: float
    others: tuple[tuple[str, float], ...]


def detect_format(lines: pl.Series) -> Format:
    """Return the format that fits most of the first lines; see `detect`."""
    return detect(lines).format


def detect(lines: pl.Series) -> Detection:
    """Find the format that fits most of the first lines.

    Args:
        lines: Strings, one per log line; the first `SAMPLE_LINES` are looked at.

    Raises:
        FormatError: No format fits a single line.
    """
    sample = lines.head(SAMPLE_LINES)
    fits = _fits(sample, strict=True) or _fits(sample, strict=False)
    if not fits:
        raise FormatError("the log is in no format that is known", f"give one of {', '.join(FORMATS)}")
    most = max(fits.values())
    best = next(name for name, hits in fits.items() if hits >= most * _NEARLY)
    total = max(1, len(sample) - int(is_comment(sample, FORMATS[best]).sum()))
    share = int(capture(sample, FORMATS[best])[IS_EVENT].sum()) / total
    others = sorted(((name, hits / total) for name, hits in fits.items() if name != best), key=_by_share)
    return Detection(FORMATS[best], share, tuple(others))


def _fits(sample: pl.Series, *, strict: bool) -> dict[str, int]:
    """Return how many lines each format takes that takes any."""
    if len(sample) > 2 * _FIRST_LOOK:
        spread = sample.gather_every(len(sample) // _FIRST_LOOK)
        likely = [name for name, entry in FORMATS.items() if _fit(spread, entry, sample, strict=strict)]
    else:
        likely = list(FORMATS)
    fits = {name: _fit(sample, FORMATS[name], sample, strict=strict) for name in likely or FORMATS}
    return {name: hits for name, hits in fits.items() if hits}


def _by_share(pair: tuple[str, float]) -> float:
    return -pair[1]


def _fit(lines: pl.Series, entry: Format, sample: pl.Series, *, strict: bool) -> int:
    """Return how many of the lines the format takes; lenient patterns do not count."""
    if entry.keys:
        objects = lines.filter(lines.str.contains(_OBJECT).fill_null(value=False))
        return int(capture(objects, entry)[IS_EVENT].sum()) if len(objects) else 0
    if entry.header and last_header(sample, entry):
        return int(capture(sample, entry)[IS_EVENT].sum())
    chosen = entry.patterns[: entry.strict] if strict else entry.patterns
    if not chosen:
        return 0
    marks = [lines.str.contains(pattern).fill_null(value=False) for pattern in chosen]
    frame = pl.DataFrame(marks, schema=[str(number) for number in range(len(marks))])
    return int(frame.select(pl.any_horizontal(pl.all()).sum()).item())

"""Labelled logs on disk: a folder with a log and what is known of its clients."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from core.errors import EvaluationError
from detector.evaluation.truth import by_address, read_labels
from enrich import Enrichment
from wwwatch.formats import AUTO, choose_format
from wwwatch.scan.inputs import find_inputs
from wwwatch.scan.reading import Reader
from wwwatch.scan.rows import in_order, to_events

LABELS, SILVER = "labels.csv", "silver_labels.csv"
_LOGS = ("access.log", "access.log.gz", "access.log.zst")


@dataclass(frozen=True, slots=True)
class Source:
    """A log with what its labels say.

    Attributes:
        name: The folder's.
        rows: As `scan` reads them (wwwatch.scan.rows), and `order`: theirs in time.
        events: EVENT_SCHEMA, in the order of time.
        truth: TRUTH_SCHEMA, a row for each client of the log; None where there are no labels of this sort.
        silver: The same from the cruder labels, which are never mixed with the others.
    """

    name: str
    rows: pl.DataFrame
    order: pl.Series
    events: pl.DataFrame
    truth: pl.DataFrame | None
    silver: pl.DataFrame | None


def find_sources(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Return the folders in a folder that hold a log and labels, by name.

    Args:
        folder: Where they are.
        names: Those that are wanted; none: all.

    Raises:
        EvaluationError: One of `names` is not there.
    """
    found = {path.name: path for path in sorted(folder.glob("*")) if _log_of(path) and _has_labels(path)}
    if missing := [name for name in names if name not in found]:
        raise EvaluationError(
            f"no labelled log is called {', '.join(missing)} in {folder}", f"choose from {', '.join(found) or 'none'}"
        )
    return [found[name] for name in names] if names else list(found.values())


def read_source(path: Path) -> Source:
    """Read a log and its labels.

    Raises:
        EvaluationError: They cannot be read.
        FormatError: The log is in no known format.
    """
    log = _log_of(path)
    if log is None:
        raise EvaluationError(f"{path} holds no access.log", "name another folder")
    rows, order = _read_log(log)
    events = to_events(rows[order]).drop("position")
    truth, silver = (_truth(path / name, events) for name in (LABELS, SILVER))
    return Source(path.name, rows, order, events, truth, silver)


def _read_log(log: Path) -> tuple[pl.DataFrame, pl.Series]:
    with ExitStack() as stack:
        reader = Reader(choose_format(AUTO, None, "UTC"), "UTC", Enrichment())
        return in_order(reader.read(find_inputs([str(log)], stack)).take_pieces())


def _truth(path: Path, events: pl.DataFrame) -> pl.DataFrame | None:
    if not path.is_file():
        return None
    try:
        table = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise EvaluationError(f"cannot read {path}: {reason}", "it must be a CSV file with a header") from None
    return by_address(read_labels(table), events)


def _log_of(path: Path) -> Path | None:
    return next((path / name for name in _LOGS if (path / name).is_file()), None)


def _has_labels(path: Path) -> bool:
    return (path / LABELS).is_file() or (path / SILVER).is_file()

"""The model before any history is built once, and read again only from a file that nobody else can have written."""

import os
from pathlib import Path

import polars as pl
import pytest

from detector.coldstart import FOLDER, Examples, _read, _write, cold_start, source_digest
from detector.model import SessionModel
from detector.packing import pack
from detector.table import NAMES
from tests.unit.detector.conftest import TRAINED


class Source:
    """Examples that count how often they are asked for."""

    def __init__(self, events: pl.DataFrame) -> None:
        self.events, self.asked = events, 0

    def make(self) -> pl.DataFrame:
        self.asked += 1
        return self.events

    def examples(self, key: str = "a") -> Examples:
        return Examples(self.make, key)


@pytest.fixture
def source(examples: pl.DataFrame) -> Source:
    """Few examples: what matters here is the file."""
    few = examples.filter(pl.col("domain").is_in(examples["domain"].unique().sort().head(5).to_list()))
    return Source(few.filter(pl.int_range(pl.len()).over("client") < 40))


def cached(cache: Path) -> Path:
    (path,) = (cache / FOLDER).iterdir()
    return path


def test_it_is_built_once_and_is_the_same_again(tmp_path: Path, source: Source) -> None:
    steps: list[str] = []
    digest, model = cold_start(tmp_path, source.examples(), now=TRAINED, progress=steps.append)
    assert steps[0] == "making labelled sessions"
    again, same = cold_start(tmp_path, source.examples(), now=TRAINED, progress=steps.append)
    assert (again, source.asked) == (digest, 1)
    rows = pl.DataFrame({name: [0.0, 50.0] for name in NAMES}).to_numpy()
    assert same.judge(rows).equals(model.judge(rows))
    assert model.card["usual_from"] == "labelled normal sessions"
    assert "scan" in model.kinds
    assert cached(tmp_path).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700


def test_other_examples_make_another_model_and_the_old_file_goes(tmp_path: Path, source: Source) -> None:
    cold_start(tmp_path, source.examples("a"), now=TRAINED)
    old = cached(tmp_path)
    cold_start(tmp_path, source.examples("b"), now=TRAINED)
    assert source.asked == 2
    assert cached(tmp_path) != old


def spoil_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def open_file(path: Path) -> None:
    path.chmod(0o666)


def open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


def link_elsewhere(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def give_away(path: Path) -> None:
    os.chown(path, 12345, 12345)


@pytest.mark.parametrize("spoil", [spoil_bytes, open_file, open_folder, link_elsewhere, empty, give_away])
def test_what_somebody_else_may_have_written_is_not_loaded(tmp_path: Path, model: SessionModel, spoil: object) -> None:
    if spoil is give_away and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path = tmp_path / FOLDER / "cold-0.model"
    digest, data = pack(model)
    _write(path, digest.encode() + data)
    found = _read(path)
    assert found is not None
    assert found[0] == digest
    spoil(path)  # type: ignore[operator]
    assert _read(path) is None


def test_without_a_place_to_keep_it_it_is_built_in_memory(tmp_path: Path, source: Source) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    assert cold_start(file, source.examples(), now=TRAINED)[1].kinds


def test_changed_sources_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    before = source_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("no source")
    assert source_digest(tmp_path) == before
    (tmp_path / "a.py").write_text("2")
    assert source_digest(tmp_path) != before

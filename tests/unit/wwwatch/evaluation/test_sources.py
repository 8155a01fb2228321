"""Labelled logs on disk."""

import gzip
from pathlib import Path

import pytest

from core.errors import EvaluationError
from wwwatch.evaluation.sources import find_sources, read_source

LINE = '{} - - [04/May/2026:09:00:{:02d} +0000] "GET {} HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled logs, and a folder that is none."""
    for name, label in (("shop", "attack"), ("blog", "normal")):
        (tmp_path / name).mkdir()
        lines = LINE.format("192.0.2.2", 5, "/b") + LINE.format("192.0.2.1", 1, "/a") + "no line at all\n"
        (tmp_path / name / "access.log").write_text(lines)
        (tmp_path / name / "labels.csv").write_text(f"client,label,attack_type\n192.0.2.1,{label},scan\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "access.log").write_text(LINE.format("192.0.2.1", 1, "/"))
    return tmp_path


def test_folders_with_a_log_and_labels_are_found(data: Path) -> None:
    assert [path.name for path in find_sources(data)] == ["blog", "shop"]
    assert [path.name for path in find_sources(data, ["shop"])] == ["shop"]


def test_a_source_that_is_not_there_is_named_with_those_that_are(data: Path) -> None:
    with pytest.raises(EvaluationError, match=r"called forum .* choose from blog, shop"):
        find_sources(data, ["shop", "forum"])


def test_a_source_is_in_the_order_of_time_with_its_truth(data: Path) -> None:
    source = read_source(data / "shop")
    assert source.events["url"].to_list() == ["/a", "/b"]
    assert source.truth is not None
    assert dict(source.truth.select("client", "truth").rows()) == {"192.0.2.1": "attack", "192.0.2.2": "left_out"}
    assert source.silver is None


def test_a_compressed_log_and_silver_labels_alone_are_a_source(data: Path) -> None:
    folder = data / "notes"
    (folder / "access.log.gz").write_bytes(gzip.compress((folder / "access.log").read_bytes()))
    (folder / "access.log").unlink()
    (folder / "silver_labels.csv").write_text("client,silver_label,evidence\n192.0.2.1,none,\n")
    source = read_source(folder)
    assert source.truth is None
    assert source.silver is not None
    assert source.silver["truth"].to_list() == ["normal"]


def test_labels_that_are_no_table_are_refused_in_a_sentence(data: Path) -> None:
    (data / "shop" / "labels.csv").write_text("")
    with pytest.raises(EvaluationError, match=r"cannot read .*labels\.csv"):
        read_source(data / "shop")


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"holds no access\.log"):
        read_source(tmp_path)

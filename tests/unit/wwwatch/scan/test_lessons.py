"""What `wwwatch train` reads."""

from pathlib import Path

import pytest

from core.errors import FormatError
from detector.model import SessionModel
from enrich import Enrichment
from wwwatch.formats import choose_format
from wwwatch.learning import Bars, Lessons
from wwwatch.scan.reading import Reader

LINE = '192.0.2.7 - - [14/Mar/2026:02:15:{0:02d} +0100] "GET / HTTP/1.1" 200 5 "-" "curl/8"\n'


def test_a_file_without_requests_spoils_no_training(
    tmp_path: Path, model: SessionModel, caplog: pytest.LogCaptureFixture
) -> None:
    lessons = Lessons(model, tmp_path / "cache", Bars())
    reader = Reader(choose_format("auto", None, "UTC"), "UTC", Enrichment())
    names = [str(tmp_path / name) for name in ("access.log", "access.log.1", "error.log")]
    (tmp_path / "access.log").write_text("")  # just rotated
    (tmp_path / "error.log").write_text("no such file\n")
    (tmp_path / "access.log.1").write_text("".join(map(LINE.format, range(30))))
    assert lessons.from_logs(names, reader, None).events == 30
    assert [record.getMessage().rpartition("/")[2] for record in caplog.records] == [
        "access.log: it has no lines",
        "error.log: its lines are in no format that is known",
    ]
    with pytest.raises(FormatError, match="nothing to learn from"):
        lessons.from_logs([names[0], names[2]], reader, None)
    with pytest.raises(FormatError, match="it has no lines"):
        lessons.from_logs(names[:1], reader, None)

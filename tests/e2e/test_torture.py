"""Every line exactly once, whatever happens: the short course of `make torture`, and a proof that it would notice."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import OUTSIDE
from tests.e2e.torture.course import Plan, Torture
from tests.e2e.torture.lines import REFUSED
from tests.e2e.torture.server import WAYS
from tests.e2e.torture.verdict import compare
from tests.e2e.torture.writer import STREAM

SHORT = Plan(seconds=50, seed=4, restarts=1, pause=4, rotate=8)


@pytest.fixture
def torture(request: pytest.FixtureRequest) -> Iterator[Torture]:
    """A short run in a folder that the node's unprivileged user can reach; its server ends with the test."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        made = Torture(SHORT, Path(name), request.config.stash[OUTSIDE].cache)
        try:
            yield made
        finally:
            made.close()


@pytest.mark.es
@pytest.mark.e2e
@pytest.mark.timeout(400)
def test_every_line_once(torture: Torture) -> None:
    report = torture.run()
    assert report.complaints == []
    assert report.kills >= 6
    assert report.server["killed"] == 1
    assert report.server["rollover"] >= 1
    assert any(report.server[way] for way in WAYS)
    assert report.verdict.dead >= 1
    assert [name for name, counts in report.logs.items() if not counts["rotations"]] == []
    doubled, lost = swap_documents(torture)
    verdict = torture.judge()
    assert (verdict.lost, verdict.doubled, verdict.foreign) == (Counter({lost: 1}), Counter({doubled: 1}), Counter())
    assert replace(report, verdict=verdict).complaints == [str(verdict)]


def swap_documents(torture: Torture) -> tuple[str, str]:
    """Put a document in another one's place; return the line that is there twice now, and the one that is not."""
    with torture.server.client() as client:
        one, other = client.search(index=STREAM, size=2, query={"prefix": {"url.path": "/truncate/"}})["hits"]["hits"]
        client.delete(index=other["_index"], id=other["_id"])
        client.index(index=STREAM, op_type="create", document=one["_source"])
    return one["_source"]["event"]["original"], other["_source"]["event"]["original"]


def test_verdict_tells_lost_doubled_and_torn_lines_apart() -> None:
    written = Counter({"one": 1, "two": 1, "three": 2, "four": 1})
    verdict = compare(written, Counter({"one": 2, "three": 2, "wo": 1}), Counter({"four": 1}))
    assert (verdict.lines, verdict.dead) == (5, 1)
    assert (verdict.lost, verdict.doubled) == (Counter({"two": 1}), Counter({"one": 1}))
    assert (verdict.foreign, verdict.misjudged) == (Counter({"wo": 1}), Counter({"four": 1}))
    assert not verdict.is_whole
    assert "lost 1, doubled 1, foreign 1, misjudged 1, dead-lettered 1" in str(verdict)
    assert "lost 1 x 'two'" in str(verdict)


def test_verdict_is_whole_when_every_line_is_there_once() -> None:
    lines = Counter({"one": 1, f"{REFUSED} two": 2})
    assert compare(lines, lines, Counter()).is_whole
    assert compare(lines, Counter({"one": 1}), Counter({f"{REFUSED} two": 2})).is_whole

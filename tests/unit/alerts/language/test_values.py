"""Date math and parts of payloads."""

import pytest

from alerts.language.datemath import marked, resolve
from alerts.language.values import as_text, extract
from core.clock import iso_millis, parse_iso

NOW = parse_iso("2026-03-14T02:15:10.500Z")  # a Saturday


@pytest.mark.parametrize(
    ("math", "wanted"),
    [
        ("now", "2026-03-14T02:15:10.500Z"),
        ("now-5m", "2026-03-14T02:10:10.500Z"),
        ("now+1h-30s", "2026-03-14T03:14:40.500Z"),
        ("now/d", "2026-03-14T00:00:00.000Z"),
        ("now/w", "2026-03-09T00:00:00.000Z"),
        ("now-1M/M", "2026-02-01T00:00:00.000Z"),
        ("now/y", "2026-01-01T00:00:00.000Z"),
        ("now/h", "2026-03-14T02:00:00.000Z"),
        ("now/m-1s", "2026-03-14T02:14:59.000Z"),
        ("2026-01-31T00:00:00Z||+1M", "2026-02-28T00:00:00.000Z"),
        ("2028-02-29||+1y", "2029-02-28T00:00:00.000Z"),
        ("2026-03-14||", "2026-03-14T00:00:00.000Z"),
        ("now-2w", "2026-02-28T02:15:10.500Z"),
        ("now+d", "2026-03-15T02:15:10.500Z"),
    ],
)
def test_date_math(math: str, wanted: str) -> None:
    assert iso_millis(resolve(math, NOW)) == wanted


@pytest.mark.parametrize("math", ["", "yesterday", "now-5", "now-5x", "now 5m", "x||+1d", "now-999999y", "now/2d"])
def test_what_is_no_date_math_is_refused(math: str) -> None:
    with pytest.raises(ValueError, match="is no date math"):
        resolve(math, NOW)


def test_date_math_is_marked() -> None:
    assert marked("<{now-5m}>") == "now-5m"
    assert not marked("now-5m")


PAYLOAD = {"hits": {"total": 2, "hits": [{"_id": "a", "_source": {"x": 1, "y": 2}}, {"_id": "b"}, 7]}, "took": 3}


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        (["hits.total"], {"hits": {"total": 2}}),
        (["hits.hits._source.x", "took"], {"hits": {"hits": [{"_source": {"x": 1}}, {}]}, "took": 3}),
        (["hits.hits"], {"hits": {"hits": PAYLOAD["hits"]["hits"]}}),  # type: ignore[index] # the dictionary above
        (["none.at.all", "took.further"], {}),
        ([], PAYLOAD),
    ],
)
def test_extract_leaves_only_what_is_named(paths: list[str], wanted: object) -> None:
    assert extract(PAYLOAD, paths) == wanted


def test_values_as_text() -> None:
    assert [as_text(value) for value in ("x", True, None, 1.0, ["ü"])] == ["x", "true", "null", "1.0", '["ü"]']

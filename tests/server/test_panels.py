"""What panels ask the real Elasticsearch, compared with polars over the same documents."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from elasticsearch import Elasticsearch, helpers

from core.clock import iso_millis
from kibana.compile.columns import build_column
from kibana.queries.aggregations import Scope
from kibana.queries.rows import MISSING, OTHER, Documents, ask
from kibana.source.column import Column, NamedFilter

pytestmark = pytest.mark.es

START = datetime(2026, 5, 4, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
SCOPE = Scope(START, END)
EVENTS = pl.DataFrame(
    {
        "time": [START + timedelta(seconds=37 * number) for number in range(90)],
        "path": [f"/p{number % 7}" if number % 10 else None for number in range(90)],
        "status": [404 if number % 4 == 0 else 200 for number in range(90)],
        "bytes": [100 * number for number in range(90)],
    }
)


@pytest.fixture(scope="module")
def documents(es: Elasticsearch) -> Iterator[Documents]:
    """Ninety requests in an index of their own."""
    name = "test-panels"
    types = {"@timestamp": "date", "path": "keyword", "status": "long", "bytes": "long"}
    es.indices.create(index=name, mappings={"properties": {field: {"type": kind} for field, kind in types.items()}})
    rows = EVENTS.with_columns(pl.col("time").map_elements(iso_millis, pl.String).alias("@timestamp")).drop("time")
    actions = [{"_index": name, "_source": {k: v for k, v in row.items() if v is not None}} for row in rows.to_dicts()]
    helpers.bulk(es, actions, refresh=True)
    yield Documents(es, name, "@timestamp")
    es.indices.delete(index=name)


def layer(**columns: Column) -> dict[str, Any]:
    """A layer as the compiler makes it."""
    ordered = sorted(columns, key=lambda name: not columns[name].is_bucket)
    metrics = [name for name in ordered if not columns[name].is_bucket]
    built = {name: build_column(columns[name], metrics, "@timestamp") for name in ordered}
    return {"columns": built, "columnOrder": ordered}


COUNT = Column(count=True)


def test_terms_are_the_most_frequent_values_with_other_and_missing(documents: Documents) -> None:
    found = ask(documents, layer(by=Column(terms="path", size=2, other=True, missing=True), n=COUNT), SCOPE)
    told = dict(found.iter_rows())
    counts = EVENTS.group_by("path").len().drop_nulls().sort("len", descending=True)
    assert sorted(told[name] for name in told.keys() - {OTHER, MISSING}) == sorted(counts["len"].head(2))
    assert told[OTHER] == counts["len"].sum() - counts["len"].head(2).sum()
    assert told[MISSING] == EVENTS["path"].null_count()


def test_metrics_are_what_polars_computes(documents: Documents) -> None:
    columns = {name: Column.model_validate({name: "bytes"}) for name in ("sum", "avg", "min", "max", "median")}
    (row,) = ask(documents, layer(**columns, unique=Column(unique="path")), SCOPE).to_dicts()
    values = EVENTS["bytes"]
    assert row["sum"] == values.sum()
    assert row["avg"] == values.mean()
    assert (row["min"], row["max"]) == (values.min(), values.max())
    assert row["median"] == pytest.approx(values.median(), rel=0.02)
    assert row["unique"] == EVENTS["path"].drop_nulls().n_unique()


def test_a_filter_counts_only_what_matches(documents: Documents) -> None:
    columns = {
        "all": COUNT,
        "bad": Column(count=True, where="status >= 400"),
        "most": Column(max="bytes", where="status: 200"),
        "last": Column(last="path", where="status: 404"),
    }
    (row,) = ask(documents, layer(**columns), SCOPE).to_dicts()
    bad = EVENTS.filter(pl.col("status") >= 400)
    assert (row["all"], row["bad"]) == (EVENTS.height, bad.height)
    assert row["most"] == EVENTS.filter(pl.col("status") == 200)["bytes"].max()
    assert row["last"] == bad.sort("time")["path"][-1]


def test_time_is_cut_by_the_split_and_empty_bars_are_there(documents: Documents) -> None:
    groups = (NamedFilter(label="good", query="status < 400"), NamedFilter(label="bad", query="status >= 400"))
    columns = {"split": Column(filters=groups), "x": Column(date="@timestamp"), "y": COUNT}
    found = ask(documents, layer(**columns), Scope(START, END + timedelta(hours=1)))
    sums = dict(found.group_by("split").agg(pl.col("y").sum()).iter_rows())
    assert sums == {"good": 67, "bad": 23}
    assert found["x"].n_unique() == 121  # two hours by the minute, both ends included
    assert found["y"].null_count() > 0


def test_terms_are_ordered_by_the_metric_that_is_named(documents: Documents) -> None:
    columns = {"by": Column(terms="path", size=3, by=1), "n": COUNT, "most": Column(max="bytes")}
    found = ask(documents, layer(**columns), SCOPE)
    wanted = EVENTS.drop_nulls("path").group_by("path").agg(pl.col("bytes").max()).sort("bytes", descending=True)
    assert found["by"].to_list() == wanted["path"].head(3).to_list()


def test_the_scope_leaves_out_what_is_outside(documents: Documents) -> None:
    found = ask(documents, layer(n=COUNT), Scope(START, START + timedelta(minutes=10), ("status: 404",)))
    early = EVENTS.filter(pl.col("time") <= START + timedelta(minutes=10), pl.col("status") == 404)
    assert found["n"].to_list() == [early.height]


def test_indices_that_are_not_there_are_empty(es: Elasticsearch) -> None:
    nowhere = Documents(es, "test-panels-nowhere", "@timestamp")
    assert ask(nowhere, layer(by=Column(terms="path"), n=COUNT), SCOPE).is_empty()

"""What she said is learnt: what is like a false alarm scores lower after the next training."""

from typing import Any

import polars as pl

from core.clock import iso_millis
from detector.table import NAMES
from detector.training import label_sessions, teach
from detector.verdicts import WEIGHT, verdict_sessions
from tests.unit.detector.frames import at
from wwwatch.examples import labelled_events

NOW = at(0)


def said(sessions: pl.DataFrame, *, verdict: bool, level: int = 1) -> dict[str, Any]:
    """Return the document of a verdict on some sessions."""
    sample = [
        {
            **{name: row[name] for name in ("client", "user_agent", "domain", "top_path", "kind")},
            **{name: iso_millis(row[name]) for name in ("start", "end")},
            "features": {name: row[name] for name in NAMES},
        }
        for row in sessions.to_dicts()
    ]
    return {"verdict": verdict, "level": level, "sample": {"sessions": sample}}


def test_the_like_of_a_false_alarm_scores_lower_after_training_and_attacks_are_still_found() -> None:
    lessons = label_sessions(labelled_events(5, sessions=600))
    before = teach(lessons, now=NOW)
    guesses = lessons.filter(pl.col("kind") == "bruteforce")
    found = guesses.hstack(before.judge(before.matrix(guesses)).select("score", verdict="kind"))
    found = found.filter(pl.col("verdict") == "bruteforce").sort("score")
    weak = found[found.height // 10 : found.height // 10 + 3].drop("score", "verdict")

    hers = verdict_sessions([said(weak, verdict=False)], lessons.schema)
    assert hers.height == 3 * WEIGHT
    after = teach(pl.concat([lessons, hers]), now=NOW)
    scores = [model.judge(model.matrix(weak))["score"].max() for model in (before, after)]
    assert scores[0] > 25 > scores[1]
    strong = found.tail(found.height // 2).drop("score", "verdict")
    shares = [(model.judge(model.matrix(strong))["kind"] == "bruteforce").mean() for model in (before, after)]
    assert shares[0] == 1
    assert shares[1] > 0.95


def test_what_cannot_be_learnt_from_is_left_out() -> None:
    lessons = label_sessions(labelled_events(5, sessions=30))
    one = lessons.head(1).with_columns(kind=pl.lit("scan"))
    known = said(one, verdict=True)
    assert verdict_sessions([known], lessons.schema)["kind"].unique().to_list() == ["scan"]
    assert verdict_sessions([said(one, verdict=False)], lessons.schema)["kind"].unique().to_list() == ["normal"]
    old = said(one, verdict=True)
    old["sample"]["sessions"][0]["features"].pop(NAMES[0])
    strange = said(one.with_columns(kind=pl.lit("novel")), verdict=False)
    none = [{"verdict": True}, {"sample": known["sample"]}, old, strange, said(one, verdict=False, level=3)]
    assert verdict_sessions(none, lessons.schema).schema == lessons.schema
    assert verdict_sessions(none, lessons.schema).is_empty()

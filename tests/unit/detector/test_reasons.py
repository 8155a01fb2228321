"""Reasons are true to the model, and read like a person's."""

import numpy as np
import polars as pl
import pytest

from detector.adaptation import adapt
from detector.kinds import LEARNT, NORMAL
from detector.model import SessionModel
from detector.reasons import BATCH, MOST, Reason, explain, say
from detector.table import NAMES
from tests.unit.detector.conftest import TRAINED


@pytest.fixture(scope="module")
def own(model: SessionModel, unseen: pl.DataFrame) -> SessionModel:
    """The model at a site whose own sessions are few and alike, so that much is novel there."""
    return adapt(model, unseen.filter(pl.col("kind") == NORMAL).gather_every(40), now=TRAINED)


@pytest.fixture(scope="module")
def verdicts(own: SessionModel, unseen: pl.DataFrame) -> pl.DataFrame:
    """Up to thirty sessions of each kind found."""
    judged = unseen.drop("kind").hstack(own.judge(own.matrix(unseen))).filter(pl.col("kind") != NORMAL)
    return judged.group_by("kind", maintain_order=True).head(30)


@pytest.fixture(scope="module")
def reasons(own: SessionModel, verdicts: pl.DataFrame) -> list[list[Reason]]:
    return explain(own, own.matrix(verdicts), verdicts["kind"].to_list())


def test_each_verdict_has_one_to_five(reasons: list[list[Reason]], verdicts: pl.DataFrame) -> None:
    assert len(reasons) == verdicts.height > 90
    assert all(1 <= len(some) <= MOST for some in reasons)


def test_each_feature_is_named_once_with_its_value(reasons: list[list[Reason]], verdicts: pl.DataFrame) -> None:
    for some, row in zip(reasons, verdicts.iter_rows(named=True), strict=True):
        assert len({reason.feature for reason in some}) == len(some)
        assert all(reason.value == row[reason.feature] for reason in some)


def test_taking_a_reason_away_never_raises_the_score(
    own: SessionModel, reasons: list[list[Reason]], verdicts: pl.DataFrame
) -> None:
    matrix = own.matrix(verdicts)
    before = own.score(matrix)
    kinds = verdicts["kind"].to_list()
    for row, some in enumerate(reasons):
        for reason in some:
            without = matrix[row : row + 1].copy()
            column = NAMES.index(reason.feature)
            without[0, column] = own.usual_median[column]
            assert own.score(without)[0] <= before[row] + 1e-9, (kinds[row], reason)


@pytest.mark.parametrize("kind", [*LEARNT, "novel"])
def test_without_all_its_reasons_there_is_no_verdict(
    own: SessionModel, reasons: list[list[Reason]], verdicts: pl.DataFrame, kind: str
) -> None:
    matrix = own.matrix(verdicts)
    for row in (row for row, verdict in enumerate(verdicts["kind"]) if verdict == kind):
        without = matrix[row : row + 1].copy()
        for reason in reasons[row]:
            column = NAMES.index(reason.feature)
            without[0, column] = own.usual_median[column]
        after = own.judge(without).row(0, named=True)
        # What is left may show another kind, which has a score of its own.
        assert after["kind"] != kind, (row, [reason.feature for reason in reasons[row]])
        assert after["score"] < own.score(matrix[row : row + 1])[0]


def test_more_sessions_than_a_batch_are_explained_as_alone(own: SessionModel, verdicts: pl.DataFrame) -> None:
    matrix = own.matrix(verdicts)
    many = np.tile(matrix, (BATCH // len(matrix) + 2, 1))
    kinds = verdicts["kind"].to_list() * (BATCH // len(matrix) + 2)
    explained = explain(own, many, kinds)
    assert len(explained) == len(many)
    assert explained[len(matrix) :][: len(matrix)] == explained[: len(matrix)]
    assert explain(own, matrix[:0], []) == []


def test_sentences_say_what_is_usual(reasons: list[list[Reason]]) -> None:
    for reason in (reason for some in reasons for reason in some):
        assert reason.sentence.strip() == reason.sentence != ""
        assert "{" not in reason.sentence
        assert "nan" not in reason.sentence
        assert np.isfinite([reason.value, reason.usual]).all()


def test_wording(own: SessionModel) -> None:
    row = own.usual_median.copy()
    for name in ("client_login_failures", "login_failures"):
        row[NAMES.index(name)] = 412
    sentences = {reason.feature: reason.sentence for reason in explain(own, row[np.newaxis], ["bruteforce"])[0]}
    high = say(float(own.usual_high[NAMES.index("client_login_failures")]), "count")
    most = "none" if high == "0" else f"at most {high}"
    expected = f"412 failed logins from this address; 99 % of sessions here have {most}"
    assert sentences["client_login_failures"] == expected


def test_one_of_a_kind_is_said_as_one(own: SessionModel) -> None:
    row = own.usual_median.copy()
    row[NAMES.index("client_exploits")] = 1
    (reason,) = explain(own, row[np.newaxis], ["injection"])[0]
    assert reason.sentence.startswith("1 URL that looks like an exploit, from this address; ")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (412, "count", "412"),
        (12_345, "count", "12,345"),
        (2.5, "count", "2.5"),
        (0.97, "share", "97 %"),
        (1, "share", "100 %"),
        (0, "seconds", "0 s"),
        (0.25, "seconds", "0.2 s"),
        (45, "seconds", "45 s"),
        (119, "seconds", "119 s"),
        (180, "seconds", "3 min"),
        (150, "seconds", "2.5 min"),
        (7200, "seconds", "2 h"),
        (172_800, "seconds", "2 d"),
        (999, "bytes", "999 B"),
        (25_000, "bytes", "25 kB"),
        (3_400_000, "bytes", "3.4 MB"),
        (120, "characters", "120 characters"),
        (0.031, "ratio", "0.031"),
        (1.26, "ratio", "1.3"),
    ],
)
def test_values_in_their_units(value: float, unit: str, text: str) -> None:
    assert say(float(value), unit) == text

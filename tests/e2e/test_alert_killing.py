"""Every incident is mailed, however often the engine dies: the short course of `python -m tests.e2e.killing`."""

from collections import Counter
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from es_templates import apply, plan
from tests.e2e.killing.course import Course, Plan, Report


@pytest.mark.es
@pytest.mark.e2e
@pytest.mark.timeout(400)
def test_every_incident_is_mailed_and_a_death_doubles_one_at_most(
    es: Elasticsearch, es_url: str, tmp_path: Path
) -> None:
    apply(es, plan(es))
    report = Course(Plan(incidents=60, kills=5, seed=4), es, es_url, tmp_path).run()
    assert report.complaints == [], str(report)
    assert report.kills["handing over"] >= 1
    assert len(report.copies) == 60


def test_the_verdict_sees_what_is_lost_doubled_or_renamed() -> None:
    fine = Report(Plan(), Counter({"working": 1}), Counter({"a": 2, "b": 1}), {"a": {"1"}}, Counter(sent=2), {"a", "b"})
    assert fine.complaints == []
    bad = Report(
        Plan(), Counter(starting=9), Counter({"a": 2}), {"a": {"1", "2"}}, Counter(sent=1, pending=1), {"a", "b"}
    )
    assert [complaint.split(" ", 1)[1] for complaint in bad.complaints] == [
        "incidents were never mailed",
        "mails came twice in 9 deaths",
        "incidents were mailed under several Message-IDs",
        "history says {'sent': 1, 'pending': 1}",
    ]

"""The protocols: the shipped model on labelled logs, each log left out of its training, and simulated runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from joblib import Parallel, delayed

from core.clock import iso_millis
from detector.evaluation.figures import Counts, mean
from detector.evaluation.report import FLAGS, Judged, delays, describe_log, judge_log, measure
from detector.evaluation.runs import RunResult, judge_run
from detector.evaluation.simulation import sum_up
from detector.evaluation.truth import ATTACK, CRAWLER, NORMAL, taught_kind
from detector.model import SessionModel
from wwwatch.evaluation.models import simulated_lessons, taught_on
from wwwatch.evaluation.simulated import make_run, name_runs
from wwwatch.evaluation.sources import Source, read_source
from wwwatch.scan.described import Preparer
from wwwatch.scan.learning import choose_sample, learn

SHIPPED, LEFT_OUT, SIMULATED = "shipped", "left-one-out", "simulated"
PROTOCOLS = (SHIPPED, LEFT_OUT, SIMULATED)

FIRST_SEED = 9_000
"""Seeds of simulated runs begin here; the shipped model is taught on others."""

Model = tuple[str, SessionModel]
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated.

    Attributes:
        sources: Folders of labelled logs.
        seeds: How many seeds of simulated runs.
        protocols: Some of PROTOCOLS.
        jobs: Processes that judge simulated runs.
    """

    sources: Sequence[Path]
    seeds: int
    protocols: Sequence[str] = PROTOCOLS
    jobs: int = 1


def evaluate(plan: Plan, model: Model, now: datetime, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Evaluate a model.

    Args:
        plan: What on.
        model: The shipped one.
        now: Wall-clock time.
        progress: See `Progress`.

    Returns:
        The report; docs/detection.md explains it.
    """
    digest, taught = model
    card = {"digest": digest, "labelled_sessions": taught.card.get("labelled_sessions", {})}
    report: dict[str, Any] = {"created": iso_millis(now), "version": version("wwwatch"), "model": card}
    asked = [each for each in (SHIPPED, LEFT_OUT) if each in plan.protocols]
    if plan.sources and asked:
        sources = [read_source(path) for path in plan.sources]
        report["sources"] = {source.name: describe_source(source) for source in sources}
        for protocol in asked:
            report[protocol] = _on_sources(protocol, sources, model, now, progress)
    if SIMULATED in plan.protocols and plan.seeds:
        report[SIMULATED] = _on_runs(plan, model, now, progress)
    return report


def describe_source(source: Source) -> dict[str, Any]:
    """Return what a source's labels are."""
    sorts = {"labels": source.truth, "silver": source.silver}
    return {
        name: dict(truth.group_by("truth").len().sort("truth").iter_rows())
        for name, truth in sorts.items()
        if truth is not None
    }


def _on_sources(
    protocol: str, sources: Sequence[Source], shipped: Model, now: datetime, progress: Progress
) -> dict[str, Any]:
    found = {}
    progress(protocol, 0, len(sources))
    lessons = simulated_lessons() if protocol == LEFT_OUT else None
    for number, source in enumerate(sources):
        progress(f"{protocol}: {source.name}", number, len(sources))
        model = shipped
        if lessons is not None:
            others = [other for other in sources if other is not source and other.truth is not None]
            if source.truth is None or not others:
                continue
            model = taught_on(lessons, pl.concat([_lessons(other) for other in others]), now)
        sample = Preparer().prepare(choose_sample(source.rows, source.order))
        home = learn(sample, sample.height / len(source.order), model, now=now)
        judged = judge_log(home, source.name, source.events, now)
        found[source.name] = _figures(judged, source, with_silver=protocol == SHIPPED)
        if source.truth is not None and protocol == SHIPPED:
            found[source.name]["delays"] = delays(home, judged, source.truth, now)
    progress(protocol, len(sources), len(sources))
    return {"sources": found, "mean": _mean(found)}


def _figures(judged: Judged, source: Source, *, with_silver: bool) -> dict[str, Any]:
    sorts = {"labels": source.truth, "silver": source.silver if with_silver else None}
    measured = {name: measure(judged, truth) for name, truth in sorts.items() if truth is not None}
    return {"log": describe_log(judged), **measured}


def _lessons(source: Source) -> pl.DataFrame:
    """Return the requests of a log's labelled clients with their kinds; crawlers are normal."""
    assert source.truth is not None  # noqa: S101 - the caller chose those that have labels
    types = source.truth["attack_type"].unique().to_list()
    kinds = pl.col("attack_type").replace_strict(types, [taught_kind(each) for each in types], return_dtype=pl.String)
    kind = pl.when(pl.col("truth") == ATTACK).then(kinds).otherwise(pl.lit(NORMAL))
    known = source.truth.filter(pl.col("truth").is_in([ATTACK, NORMAL, CRAWLER])).select("client", kind.alias("kind"))
    lessons = source.events.join(known.drop_nulls(), on="client", maintain_order="left")
    return lessons.with_columns(pl.lit(source.name).alias("domain"))


def _mean(sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the mean over the sources with labels, each as heavy as the other, and the figures of all clients."""
    labelled = [each["labels"] for each in sources.values() if "labels" in each]
    found: dict[str, Any] = {"sources": len(labelled)}
    for part, flag in (*(("clients", flag) for flag in FLAGS), ("baseline", "banned")):
        cells = [each[part][flag] for each in labelled]
        whole = sum((_counts(each) for each in cells), Counts())
        means = {name: mean([each[name] for each in cells]) for name in ("precision", "recall", "f1")}
        found[flag] = {**means, "all_clients": whole.to_dict()}
    for area in ("roc_area", "pr_area"):
        found[area] = mean([each["clients"][area] for each in labelled])
    return found


def _counts(cells: dict[str, Any]) -> Counts:
    return Counts(*(cells[name] for name in ("found", "missed", "named", "spared")))


def _on_runs(plan: Plan, model: Model, now: datetime, progress: Progress) -> dict[str, Any]:
    wanted = name_runs(range(FIRST_SEED, FIRST_SEED + plan.seeds))
    judged = Parallel(n_jobs=plan.jobs, return_as="generator")(
        delayed(_judge)(model, name, seed, now) for name, seed in wanted
    )
    results = []
    for number, result in enumerate(judged, 1):
        results.append(result)
        progress(f"{SIMULATED}: {result.name}", number, len(wanted))
    return sum_up(results)


def _judge(model: Model, name: str, seed: int, now: datetime) -> RunResult:
    return judge_run(model, make_run(name, seed), now)

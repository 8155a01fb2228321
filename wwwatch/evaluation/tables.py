"""The report as tables: the terminal, the page and the card show the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wwwatch.evaluation.protocols import LEFT_OUT, SHIPPED, SIMULATED

NOTHING = "–"  # noqa: RUF001 - a dash for what there is nothing of
_TITLES = {
    SHIPPED: "Labelled logs, the shipped model (taught on the simulator alone) and what the log itself shows",
    LEFT_OUT: "Labelled logs, each judged by a model that was also taught on the others",
}
_SORTS = {"labels": "", "silver": " (silver)"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes:
        title: Its heading.
        columns: Their heads.
        rows: As many cells each.
        note: What has to be known to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def build_tables(report: dict[str, Any]) -> list[Table]:
    """Return all tables of a report."""
    tables: list[Table] = []
    for protocol in (SHIPPED, LEFT_OUT):
        if found := report.get(protocol):
            tables += [_clients(_TITLES[protocol], found), _noise(found)]
            if protocol == SHIPPED:
                tables += [_types(found), _delays(found)]
    if found := report.get(SIMULATED):
        tables += [_attacks(found), _kinds(found), _quiet(found)]
    return [table for table in tables if table.rows]


def share(value: float | None) -> str:
    """Return a share in percent."""
    return NOTHING if value is None else f"{100 * value:.1f} %"


def _with_interval(figures: dict[str, Any], name: str) -> str:
    interval = figures["intervals"][name]
    if figures[name] is None or interval is None:
        return NOTHING
    return f"{share(figures[name])} ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"  # noqa: RUF001 - a range


def _area(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _each(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{name}{suffix}", source[sort])
        for sort, suffix in _SORTS.items()
        for name, source in found["sources"].items()
        if sort in source
    ]


def _clients(title: str, found: dict[str, Any]) -> Table:
    columns = ("log", "attackers", "normal", "recall", "precision", "F1", "recall, mailed", "precision, mailed")
    areas = ("ROC area", "PR area", "thresholds: recall", "precision")
    rows = [_client_row(name, figures) for name, figures in _each(found)]
    average = found["mean"]
    if average["sources"] > 1:
        cells = [share(average[flag][name]) for flag in ("reported",) for name in ("recall", "precision", "f1")]
        cells += [share(average["mailed"]["recall"]), share(average["mailed"]["precision"])]
        cells += [_area(average["roc_area"]), _area(average["pr_area"])]
        cells += [share(average["banned"]["recall"]), share(average["banned"]["precision"])]
        rows.append((f"mean of {average['sources']}, silver apart", "", "", *cells))
    note = (
        "By client; in brackets 95 % intervals over resampled clients. Found: an incident lists the address (score 25 "
        "or more; mailed: 50 or more). Thresholds: fail2ban's usual ones. Silver labels are a crude automatic pass."
    )
    return Table(title, columns + areas, rows, note)


def _client_row(name: str, figures: dict[str, Any]) -> tuple[str, ...]:
    labels, clients, banned = figures["labels"], figures["clients"], figures["baseline"]["banned"]
    reported, mailed = clients["reported"], clients["mailed"]
    return (
        name,
        str(labels.get("attack", 0)),
        str(labels.get("normal", 0)),
        _with_interval(reported, "recall"),
        _with_interval(reported, "precision"),
        share(reported["f1"]),
        share(mailed["recall"]),
        share(mailed["precision"]),
        _area(clients["roc_area"]),
        _area(clients["pr_area"]),
        share(banned["recall"]),
        share(banned["precision"]),
    )


def _noise(found: dict[str, Any]) -> Table:
    columns = ("log", "days", "incidents a day", "mails a day", "false incidents a day", "false mails a day")
    more = ("crawlers named", "by thresholds", "unsolicited named")
    rows = []
    for name, figures in _each(found):
        log, wrong = found["sources"][name.removesuffix(_SORTS["silver"])]["log"], figures["false_incidents"]
        rows.append(
            (
                name,
                f"{log['days']:.0f}",
                f"{log['incidents_a_day']:.2f}",
                f"{log['mails_a_day']:.2f}",
                f"{wrong['reported_a_day']:.2f}",
                f"{wrong['mailed_a_day']:.2f}",
                _of(figures["crawlers"], "reported"),
                _of(figures["baseline"]["crawlers"], "banned"),
                _of(figures["unsolicited"], "reported"),
            )
        )
    note = "A false incident lists a normal client or a declared crawler, and no attacker."
    return Table("Alerts", columns + more, rows, note)


def _of(counts: dict[str, int], flag: str) -> str:
    return f"{counts[flag]} of {counts['clients']}" if counts["clients"] else NOTHING


def _types(found: dict[str, Any]) -> Table:
    rows = []
    for name, figures in _each(found):
        for attack_type, own in figures["attack_types"].items():
            recall, called = own["reported"], ", ".join(f"{kind} {number}" for kind, number in own["called"].items())
            total = recall["found"] + recall["missed"]
            rows.append(
                (
                    name,
                    attack_type or "unnamed",
                    str(total),
                    share(recall["recall"]),
                    share(own["mailed"]["recall"]),
                    _area(own["roc_area"]),
                    _area(own["pr_area"]),
                    called or NOTHING,
                )
            )
    columns = ("log", "attack type", "clients", "recall", "mailed", "ROC area", "PR area", "called")
    return Table("By what the labels call the attack", columns, rows)


def _delays(found: dict[str, Any]) -> Table:
    rows = []
    for name, source in found["sources"].items():
        for which, title in (("reported", "reported"), ("mailed", "mailed"), ("baseline", "thresholds")):
            if (figures := source.get("delays", {}).get(which)) and figures["named"]:
                named = f"{figures['named']} of {figures['followed']}"
                rows.append((name, title, named, f"{figures['seconds']:.0f} s", f"{figures['requests']:.0f}"))
    columns = ("log", "by", "named, of those followed", "median time", "median requests")
    note = "From an attacker's first line, were every line judged as it comes; a poll's time comes on top."
    return Table("Time to detection", columns, rows, note)


def _attacks(found: dict[str, Any]) -> Table:
    rows = [
        (name, own["kind"], str(own["runs"]), *(share(own[part] / own["runs"]) for part in _PARTS), *_medians(own))
        for name, own in found["attacks"].items()
    ]
    heads = ("attack", "kind", "runs", "found", "called rightly", "mailed", "in 10 s or 30 requests")
    note = (
        f"{found['runs']} runs over {found['days']:.0f} days, of seeds, sites and parameters that the model has not "
        "seen, judged page by page. Found: incidents list at least half of the attack's addresses."
    )
    return Table("Simulated attacks", (*heads, "median time", "median requests"), rows, note)


_PARTS = ("found", "rightly_called", "mailed", "soon")


def _medians(own: dict[str, Any]) -> tuple[str, str]:
    if own["median_seconds"] is None:
        return NOTHING, NOTHING
    return f"{own['median_seconds']:.0f} s", f"{own['median_requests']:.0f}"


def _kinds(found: dict[str, Any]) -> Table:
    shares = ("recall", "precision", "f1", "recall_mailed")
    rows = [
        (kind, str(own["clients"]), *(share(own[name]) for name in shares), *(_area(own[name]) for name in _AREAS))
        for kind, own in found["kinds"].items()
    ]
    heads = ("kind", "clients", "recall", "precision", "F1", "recall, mailed", "ROC area", "PR area")
    note = "Precision: of those called so, those whose attack is of that kind or one akin. Areas: of the score."
    return Table("Simulated attackers by kind", heads, rows, note)


_AREAS = ("roc_area", "pr_area")


def _quiet(found: dict[str, Any]) -> Table:
    rows = [
        (
            name,
            str(own["runs"]),
            f"{own['days']:.1f}",
            share(own["mail_silent"] / own["runs"]),
            share(own["silent"] / own["runs"]),
            str(own["incidents"]),
            str(own["mails"]),
        )
        for name, own in found["quiet_runs"].items()
    ]
    heads = ("who only looks like an attacker", "runs", "days", "no mail", "no incident", "incidents", "mails")
    return Table("Simulated runs without attacks", heads, rows)

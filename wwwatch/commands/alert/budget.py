"""`wwwatch alert budget`: how many mails do you want, and which threshold gives that?"""

import json
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import click

from alerts.language.parts import format_duration, parse_duration
from alerts.quiet.allowed import Allowed
from alerts.quiet.budget import Budget, Proposal, Told, propose, severity_words
from alerts.quiet.silenced import Silenced
from alerts.quiet.store import SilenceStore
from alerts.quiet.stored import read_incidents, read_scores
from core.clock import iso_millis
from core.severity import whole_score
from core.text import printable
from wwwatch.commands.alert.common import json_option, show
from wwwatch.roof import Roof

_BUDGET = re.compile(r"(\d{1,6})/(day|week|\d+[hdw])")
_PERIODS = {"day": timedelta(days=1), "week": timedelta(weeks=1)}


def _budget(ctx: click.Context, param: click.Parameter, value: str) -> Budget:
    del ctx, param
    found = _BUDGET.fullmatch(value)
    period = _PERIODS.get(found[2]) or parse_duration(found[2]) if found else timedelta()
    if found is None or period <= timedelta():
        raise click.BadParameter("a budget is written 5/week, 2/day or 3/12h")
    return Budget(int(found[1]), period)


def _over(ctx: click.Context, param: click.Parameter, value: str) -> timedelta:
    del ctx, param
    try:
        period = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if period <= timedelta():
        raise click.BadParameter("there is nothing to replay in no time")
    return period


@click.command("budget")
@click.option(
    "--max", "budget", default="5/week", show_default=True, callback=_budget, help="Mails that you want at most."
)
@click.option("--over", default="30d", show_default=True, callback=_over, help="How far back to replay.")
@json_option
@click.pass_obj
def budget_command(roof: Roof, /, *, budget: Budget, over: timedelta, as_json: bool) -> None:
    """Replay stored incidents and propose the threshold that keeps the mails within a budget; nothing is sent.

    \b
    Example:
      wwwatch alert budget --max 5/week --over 30d
    """
    now = roof.clock.now()
    with roof.es() as client:
        incidents = read_incidents(client, now - over)
        scores = read_scores(client, [each["_id"] for each in incidents])
        silences = SilenceStore(client).all()
    networks = tuple(ip_network(each, strict=False) for each in roof.settings.alert.allow)
    gates = (Allowed(networks), Silenced(lambda _now: silences))
    proposal = propose(incidents, scores, budget, (now - over, now), gates)
    if as_json:
        click.echo(json.dumps(_document(proposal)))
        return
    for line in _words(proposal, budget, over, now):
        click.echo(printable(line))
    if proposal.told:
        show([_row(each) for each in proposal.told], as_json=False, nothing="")


def _words(proposal: Proposal, budget: Budget, over: timedelta, now: datetime) -> list[str]:
    period, whole = format_duration(budget.per), format_duration(over)
    if proposal.reaches is None:
        return [f"No incidents are stored of the last {whole}: there is nothing to replay."]
    lines = []
    if now - proposal.reaches < over - budget.per:
        lines.append(
            f"The oldest incident is of {iso_millis(proposal.reaches)[:10]}: {whole} are not stored, or were calm."
        )
    lines.append(f"Replayed {proposal.incidents} incidents of the last {whole}.")
    begun = ", ".join(f"{count} from {name} on" for name, count in proposal.by_severity.items())
    lines.append(f"Mails there would have been: {begun}.")
    if proposal.threshold is None:
        lines.append(f"No threshold keeps them to {budget.mails} in {period}; those at score 100 alone:")
    else:
        counts = ", ".join(map(str, proposal.counts))
        lines.append(f"Mail {severity_words(proposal.threshold)}: at most {budget.mails} in {period}; it was {counts}.")
        lines.append('Set it in the watch: {"range": {"wwwatch.incident.score": {"gte": %d}}}' % proposal.threshold)  # noqa: UP031 - braces
    return lines


def _row(told: Told) -> dict[str, Any]:
    when = iso_millis(told.at)[:16].replace("T", " ")
    return {"time": when, "what": told.turn, "score": whole_score(told.score), "message": told.message}


def _document(proposal: Proposal) -> dict[str, Any]:
    reaches = iso_millis(proposal.reaches) if proposal.reaches else None
    told = [{**asdict(each), "at": iso_millis(each.at)} for each in proposal.told]
    return {**asdict(proposal), "told": told, "reaches": reaches, "by_severity": dict(proposal.by_severity)}

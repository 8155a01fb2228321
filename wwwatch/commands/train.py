"""`wwwatch train`: what is usual at a site, from its history."""

import json
from datetime import timedelta
from typing import Any

import click
from elasticsearch import Elasticsearch

from alerts.verdicts.store import Verdicts
from core.client import require_index
from core.documents import MODELS
from core.errors import StoreMissingError
from core.text import printable
from detector.feed import ChangeFeed
from detector.history import adapt_to
from detector.registry import save_model
from enrich import Enrichment
from wwwatch.examples import cold_model, taught_model
from wwwatch.formats import choose_format, format_options
from wwwatch.learning import Bars, Lessons
from wwwatch.roof import Roof
from wwwatch.scan.reading import Reader

DAYS = 30


@click.command()
@click.argument("logs", metavar="[LOG...]", nargs=-1)
@format_options
@click.option("--index", help="Indices to learn from; default: the configuration's detect.index.")
@click.option(
    "--days", type=click.FloatRange(min=0), help=f"How much history to learn; default: {DAYS} of an index, all of logs."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Every random choice follows from it.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's digest and card as JSON.")
@click.pass_obj
def command(
    roof: Roof,
    /,
    *,
    logs: tuple[str, ...],
    format_name: str,
    format_from: str | None,
    index: str | None,
    days: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Learn what is usual at your site; the model that knows it becomes the live one.

    It learns from the events in Elasticsearch, or from the log files that are named. The kinds of attack it knows
    already, and what you said of incidents (wwwatch incidents label) is learnt beside them; attacks in the history are
    found and left out, so that they do not become usual. Some days are a beginning; some weeks are better. Memory is
    bounded; of more than 20 million events some of the clients are looked at.

    \b
    Example:
      wwwatch train
      wwwatch train --index 'filebeat-*' --days 14
      wwwatch train '/var/log/nginx/access.log*'
    """
    if logs and index:
        raise click.UsageError("Give log files or --index, not both.")
    source = index or roof.settings.detect.index
    now, zone = roof.clock.now(), roof.settings.ship.timezone
    reader = Reader(
        choose_format(format_name, format_from, zone), zone, Enrichment((), roof.settings.ship.trusted_proxies)
    )
    with roof.es() as client, Bars() as bars:
        require_index(client, MODELS)  # said now and not when the work is done
        model = taught_model(_verdicts(client), now=now, seed=seed, progress=bars.step)
        if model is None:
            _, model = cold_model(roof.settings.cache, now=now, seed=seed, progress=bars.step)
        lessons = Lessons(model, roof.settings.cache, bars)
        if logs:
            history = lessons.from_logs(logs, reader, None if days is None else now - timedelta(days=days))
        else:
            since = now - timedelta(days=DAYS if days is None else days)
            history = lessons.from_index(ChangeFeed(roof.es_settings(), source), since)
        learnt = adapt_to(model, history, source=", ".join(logs) or source, now=roof.clock.now())
        digest = save_model(client, learnt, now=roof.clock.now())
    if as_json:
        click.echo(json.dumps({"digest": digest, "card": learnt.card}, indent=2))
    else:
        _show(digest, learnt.card)


def _verdicts(client: Elasticsearch) -> list[dict[str, Any]]:
    try:
        return [each.document() for each in Verdicts(client).lessons()]
    except StoreMissingError:  # set up by an earlier version: nothing was said yet
        return []


def _show(digest: str, card: dict[str, Any]) -> None:
    click.echo(f"model {digest[:12]} is live")
    sessions, attacks = card["history_sessions"], card["history_left_out_as_attacks"]
    click.echo(
        f"  read: {card['history_events']:,} requests in {sessions:,} sessions from {printable(card['history_source'])}"
    )
    if card["history_from"]:
        click.echo(f"  from {card['history_from'][:16]} to {card['history_to'][:16]} UTC")
    if card["history_client_share"] < 1:
        click.echo(f"  a sample: {card['history_client_share']:.1%} of the clients, with all that they did")
    if hers := card.get("verdict_sessions"):
        click.echo(f"  from your verdicts: {sum(hers.values()):,} sessions")
    click.echo(f"  left out as attacks: {attacks:,} sessions")
    profile = card["profile"]
    click.echo(
        f"  usual: learnt from {card['usual_from']}; {profile['paths']:,} paths of {profile['sites']:,} sites known"
    )
    if card["usual_from"] != "history":
        click.echo("  too few sessions to know what is usual here: train again when some days of logs are in")

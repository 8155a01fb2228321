"""`wwwatch train`: a model from labelled sessions and the site's own history."""

import json
from contextlib import closing
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.client import require_index
from core.documents import MODELS
from detector.feed import ChangeFeed
from detector.history import read_sessions
from detector.registry import save_model
from detector.training import label_sessions, train
from wwwatch.examples import labelled_events
from wwwatch.roof import Roof


@click.command()
@click.option("--index", help="Indices to learn from; default: the configuration's detect.index.")
@click.option("--days", type=click.FloatRange(min=0), default=30, show_default=True, help="How much history to learn.")
@click.option("--seed", type=int, default=0, show_default=True, help="Every random choice follows from it.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's digest and card as JSON.")
@click.pass_obj
def command(roof: Roof, *, index: str | None, days: float, seed: int, as_json: bool) -> None:
    """Train the model: what attacks look like, and what is usual here; it becomes the live one.

    The kinds of attack are learnt from simulated, labelled sessions; what is usual is learnt from your own history, and
    attacks that are in it are found and left out. Without history the simulated visitors stand in: it works from the
    first day, and better after some days of your own.

    \b
    Example:
      wwwatch train
      wwwatch train --index 'filebeat-*' --days 14
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with roof.es() as client, Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        require_index(client, MODELS)  # said now and not when the work is done
        since = roof.clock.now() - timedelta(days=days)
        with closing(ChangeFeed(roof.es_settings(), index or roof.settings.detect.index)) as feed:
            task = bar.add_task("reading history", total=sum(shard.checkpoint + 1 for shard in feed.shards()))
            history = read_sessions(feed, since, lambda count: bar.advance(task, count))
        steps = bar.add_task("making labelled sessions", total=3)

        def progress(step: str) -> None:
            bar.update(steps, description=step, advance=1)

        labelled = label_sessions(labelled_events(seed))
        model = train(labelled, history, now=roof.clock.now(), seed=seed, progress=progress)
        bar.advance(steps)
        digest = save_model(client, model, now=roof.clock.now())
    if as_json:
        click.echo(json.dumps({"digest": digest, "card": model.card}, indent=2))
    else:
        _show(digest, model.card)


def _show(digest: str, card: dict[str, Any]) -> None:
    held_out = card["held_out_sites"]
    left_out = f"{card['history_left_out_as_attacks']} left out as attacks"
    recall = ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in held_out["recall"].items())
    click.echo(f"model {digest[:12]} is live")
    click.echo(f"  usual: learnt from {card['usual_from']} ({card['history_sessions']} sessions here, {left_out})")
    click.echo(f"  kinds: learnt from {sum(card['labelled_sessions'].values())} simulated sessions")
    click.echo(f"  on simulated sites that it did not see: found {recall};")
    click.echo(f"  false alarms on {100 * held_out['false_positive_share']:.1f} % of the normal sessions there")

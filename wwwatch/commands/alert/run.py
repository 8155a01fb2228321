"""`wwwatch alert run`: the engine."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from alerts import Engine, EngineHealth, Mailer, Run, read_watches
from core.health import Health
from wwwatch.commands.alert.common import json_option, rules_option, show
from wwwatch.kibana_access import incident_links
from wwwatch.roof import Roof


@click.command("run")
@click.option("--once", is_flag=True, help="Run every watch once and end; exit with 1 when one failed.")
@rules_option
@json_option
@click.pass_context
def run_command(ctx: click.Context, *, once: bool, rules: tuple[Path, ...], as_json: bool) -> None:
    """Run the watches: on their schedules, until stopped.

    \b
    Example:
      wwwatch alert run
      wwwatch alert run --once --rules /etc/wwwatch/rules
    """
    roof: Roof = ctx.obj
    watches = read_watches(rules)
    with roof.es() as client:
        links = partial(incident_links, roof.settings.kibana)
        engine = Engine(client, watches, Mailer(roof.settings.smtp), roof.settings, roof.clock, links=links)
        if not once:
            health = Health(client, "alerts", namespace=roof.settings.ship.namespace)
            engine.run(roof.stop, EngineHealth(health, client).beat)
            return
        runs = engine.run_once()
    _show_runs(runs, as_json=as_json)
    if any(run.failed for run in runs):
        ctx.exit(1)


def _show_runs(runs: Sequence[Run], *, as_json: bool) -> None:
    rows = [
        {
            "watch": run.watch_id,
            "state": run.state.value,
            "told": sum(notice.state == "sent" for notice in run.notices),
            "not_told": sum(notice.state != "sent" for notice in run.notices),
            "reason": run.reason,
        }
        for run in runs
    ]
    show(rows, as_json=as_json, nothing="There are no watches.")

"""simulator: seeded visitors and attackers who drive a real www server or write its log, with ground truth beside.

The pure part is here. `simulator.www` (servers) and `simulator.live` (visitors over HTTP) need the extra `demo`.
"""

from simulator.attacks import ATTACKS, LIVE, OPTIONS
from simulator.errors import SimulatorError
from simulator.journal import SCHEMA, truth
from simulator.lesson import labelled
from simulator.render import escape_value, render_combined, write_log
from simulator.runs import QUIET, RaidTruth, Run, attack_run, mixed_run, quiet_run, raids_of
from simulator.scenes import PLAYABLE
from simulator.site import Site, demo_site
from simulator.traffic import history, simulate

__all__ = [
    "ATTACKS",
    "LIVE",
    "OPTIONS",
    "PLAYABLE",
    "QUIET",
    "SCHEMA",
    "RaidTruth",
    "Run",
    "SimulatorError",
    "Site",
    "attack_run",
    "demo_site",
    "escape_value",
    "history",
    "labelled",
    "mixed_run",
    "quiet_run",
    "raids_of",
    "render_combined",
    "simulate",
    "truth",
    "write_log",
]

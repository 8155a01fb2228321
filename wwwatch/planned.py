"""What the command line takes for an attack: its name, and habits that the dice would decide else."""

from math import isfinite
from typing import Any

import click

from simulator import ATTACKS, OPTIONS


class PlannedAttack(click.ParamType[tuple[str, dict[str, float]]]):
    """An attack by its name, with habits that the dice would decide else: ``scan:clients=4,gap=2``."""

    name = "NAME[:HABIT=NUMBER,...]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, dict[str, float]]:
        """Return the attack's name and its habits."""
        if isinstance(value, tuple):
            return value
        name, _, fixed = str(value).partition(":")
        if name not in ATTACKS:
            self.fail(f"there is no attack {name!r}; choose from {', '.join(ATTACKS)}", param, ctx)
        habits: dict[str, float] = {}
        for part in filter(None, fixed.split(",")):
            habit, _, number = part.partition("=")
            try:
                habits[habit] = float(number)
            except ValueError:
                self.fail(f"{part!r} is no habit with a number, such as clients=4", param, ctx)
            if habit not in OPTIONS or not isfinite(habits[habit]) or habits[habit] < 0:
                self.fail(f"{part!r} is no habit with a number from 0 on; habits are {', '.join(OPTIONS)}", param, ctx)
        return name, habits

"""How the command line reads a length of time."""

from datetime import timedelta

import click

from alerts.language.parts import parse_duration


def read_duration(ctx: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    """Return an option's length of time, as watches write it: ``2h``; for the option's `callback`.

    Raises:
        BadParameter: It is written otherwise.
    """
    del ctx, parameter
    try:
        return parse_duration(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None

"""The reference pages that are written from the code: `make docs` writes them, a test holds them against it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.settings import Settings
from detector.kinds import KINDS, Kind
from detector.table import FEATURES
from enrich.signs import SIGNS
from wwwatch.cli import COMMANDS, cli

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 100


def render_cli() -> str:
    """Return every command's help."""
    parts = ["# The command line\n", "Written by `make docs` from the commands themselves.\n"]
    for path, command in _commands(cli, "wwwatch"):
        names = cli.context_settings["help_option_names"]  # as below the real parent
        context = click.Context(
            command, info_name=path, max_content_width=WIDTH, terminal_width=WIDTH, help_option_names=names
        )
        parts.append(f"## {path}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def render_features() -> str:
    """Return the table of features, the kinds with their evidence, and the signs."""
    lines = [
        "# What the detector looks at\n",
        "Written by `make docs` from detector/table.py, detector/kinds.py and enrich/signs.py.\n",
    ]
    lines += [
        "## Features of a session\n",
        "Hostile: whether more (+) or less (-) of it speaks for an attack; nothing where neither does by itself.\n",
        "| feature | unit | meaning | hostile | used in |",
        "| --- | --- | --- | --- | --- |",
    ]
    for feature in FEATURES:
        direction = {1: "+", -1: "-", 0: ""}[feature.hostile]
        lines.append(f"| `{feature.name}` | {feature.unit} | {feature.meaning} | {direction} | {feature.source} |")
    lines += ["", "## Kinds, and the evidence without which none is believed\n"]
    lines += ["| kind | words | ATT&CK | needs |", "| --- | --- | --- | --- |"]
    for kind in KINDS.values():
        needs = _evidence(kind)
        technique = " ".join(kind.technique) if kind.technique else "none"
        lines.append(f"| `{kind.name}` | {kind.words} | {technique} | {needs} |")
    lines += ["", "## Attack signs in URLs, and in headers where they are payloads\n"]
    lines += ["| sign | suggests | ATT&CK | an attack wherever it is asked |", "| --- | --- | --- | --- |"]
    for sign in SIGNS:
        everywhere = "yes" if sign.is_explicit else "no"
        lines.append(f"| `{sign.name}` | {sign.meaning} | {sign.technique} | {everywhere} |")
    return "\n".join(lines) + "\n"


def _evidence(kind: Kind) -> str:
    """Return what makes one unit of evidence of a kind."""
    if not kind.amount:
        return "stranger than all history" if kind.name == "novel" else "a whole site's traffic"
    groups = [" or ".join(f"{name} / {unit:g}" for name, unit in group) for group in kind.amount]
    besides = "".join(f", and {name} ≥ {least:g}" for name, least in kind.also)
    return " + ".join(groups) + " ≥ 1" + besides


def render_settings() -> str:
    """Return every setting with its environment variable and default."""
    lines = [
        "# Settings\n",
        "Written by `make docs` from core/settings.py. `wwwatch.yml` in the current folder (or `--config`, or",
    ]
    lines += ["`WWWATCH_CONFIG`), environment variables over it, options over those. An unknown key is an error.\n"]
    lines += ["| key | environment | default | meaning |", "| --- | --- | --- | --- |"]
    for name, entry in Settings.model_fields.items():
        if isinstance(entry.annotation, type) and issubclass(entry.annotation, BaseModel):
            lines += [_setting(f"{name}.{key}", inner) for key, inner in entry.annotation.model_fields.items()]
        else:
            lines.append(_setting(name, entry))
    return "\n".join(lines) + "\n"


PAGES = {"cli.md": render_cli, "features.md": render_features, "settings.md": render_settings}


def main() -> None:
    """Write all pages."""
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), "utf-8")


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    names = COMMANDS if group is cli else group.list_commands(context)
    for name in names:
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101 - the group lists what it has
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def _setting(key: str, entry: FieldInfo) -> str:
    default: Any = entry.default
    shown = "the user's folder for it" if entry.default_factory else "none" if default in (None, ()) else f"`{default}`"
    secret = ", never printed" if SecretStr in getattr(entry.annotation, "__args__", ()) else ""
    variable = f"WWWATCH_{key.upper().replace('.', '_')}"
    return f"| `{key}` | `{variable}` | {shown} | {entry.description}{secret} |"


if __name__ == "__main__":
    main()

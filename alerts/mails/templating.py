"""Jinja2 files of e-mails: sandboxed, HTML escaped, and a variable that does not exist is an error."""

import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.language.model import Watch
from core.errors import RuleError
from core.text import visible

SHIPPED = Path(__file__).parent / "templates"
_TEXTS = (".txt.j2", ".subject.j2", ".txt")
"""How templates of texts end; in all others values are escaped for HTML, however they are called."""


def check_templates(watch: Watch) -> None:
    """Compile every template file that a watch names.

    Raises:
        RuleError: One is missing or malformed.
    """
    for files in watch.body.metadata.wwwatch.templates.values():
        for name in (files.subject, files.text, files.html):
            if name is not None:
                _template(watch, name)


def render_file(watch: Watch, name: str, variables: Mapping[str, Any]) -> str:
    """Fill in a template file of a watch; names ending in ``.html.j2`` are escaped.

    Raises:
        RuleError: It cannot be filled in.
    """
    try:
        return str(_template(watch, name).render(variables))
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise RuleError(f"cannot fill in {name} for the watch {watch.id}: {error}", "correct the template") from error


def _template(watch: Watch, name: str) -> Any:
    try:
        return _environment(watch.folder).get_template(name)
    except (TemplateError, OSError, UnicodeDecodeError) as error:
        reason = f"the template {name} of the watch {watch.id} cannot be used: {error}"
        raise RuleError(reason, f"put it into {watch.folder / 'templates'}, or correct it") from error


@cache
def _environment(folder: Path) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([folder / "templates", folder, SHIPPED]),
        autoescape=lambda name: name is None or not name.endswith(_TEXTS),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["visible"] = visible
    environment.filters["fold"] = _fold
    environment.filters["capital"] = _capital
    return environment


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _fold(text: str, first: str = "", rest: str = "", width: int = 76) -> str:
    """Wrap text to a width, with what stands before the first line and before the others; long words are broken."""
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)

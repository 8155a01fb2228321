"""The page behind a link: what the incident is, and one button; pure. No script, nothing loaded, everything escaped."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.language.mustache import lookup
from alerts.verdicts.store import Action
from core.text import visible

_MUTES = (
    "It is closed, and what is alike is muted for {days} days: the same kind at the same site, by the same clients or "
    "with the same user agent and path. What is graver is told all the same. The next training learns from it."
)
_SEEN = "It is acknowledged: you are mailed again only if it gets graver."
_OVER = "It is closed. What the same client does in a new visit is a new incident."

ASKS: Mapping[Action, tuple[str, str, str]] = {
    Action.TRUE: ("Is it an attack, and are you on it?", _SEEN, "Yes, I am on it"),
    Action.FALSE: ("Is it a false alarm?", _MUTES, "A false alarm"),
    Action.ACK: ("Have you seen it?", _SEEN, "Acknowledge"),
    Action.CLOSE: ("Is it dealt with?", _OVER, "Close it"),
}
"""For each action: the question, what follows from yes, and the button."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
"""The page's Content-Security-Policy."""


def ask_page(action: Action, incident: Mapping[str, Any], days: float) -> str:
    """Return the page that asks for a click.

    Args:
        action: What the link says.
        incident: The document's source.
        days: How long a false alarm mutes.
    """
    question, effect, button = ASKS[action]
    return _page(title=question, text=effect.format(days=f"{days:g}"), button=button, facts=_facts(incident))


def told_page(title: str, text: str, incident: Mapping[str, Any] | None = None) -> str:
    """Return a page that only says something."""
    return _page(title=title, text=text, button="", facts=_facts(incident) if incident else ())


def _page(**values: Any) -> str:
    return str(_environment().get_template("page.html.j2").render(values))


def _facts(incident: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    own = lookup("wwwatch.incident", incident)
    own = own if isinstance(own, Mapping) else {}
    rows = (
        ("what", incident.get("message")),
        ("severity", own.get("severity")),
        ("state", own.get("state")),
        ("since", lookup("event.start", incident)),
        ("last seen", lookup("event.end", incident)),
        ("incident", own.get("id")),
    )
    return tuple((name, visible(value, 300)) for name, value in rows if value)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    loader = FileSystemLoader(Path(__file__).parent)
    return ImmutableSandboxedEnvironment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

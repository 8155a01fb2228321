"""Where an index action writes: what comes from a run names a part of an index, and never one of the system or ours."""

from alerts.language.mustache import Context, render
from core.errors import RuleError
from core.text import visible

_NEVER = frozenset('\\/*?"<>|,#:{} ')
"""What an index name cannot hold, or what stands for several. Source: Elasticsearch's create index API."""
_FOREIGN = (".", "-", "_", "+", "wwwatch-")
"""How the names of hidden and system indices, names that are none, and wwwatch's own begin."""


def index_name(template: str, context: Context) -> str:
    """Return the name of the index that an action writes into.

    Raises:
        RuleError: A value cannot stand in a name, or leads into an index of the system or of wwwatch.
    """
    name = render(template, context, strict=True, escape=_part)
    if name != template and name.startswith(_FOREIGN):
        what = f"a value of the run leads to the index {visible(name)}"
        raise RuleError(what, "begin the name in the watch, e.g. notes-{{ctx.payload.kind}}")
    return name


def _part(value: str) -> str:
    if value != value.lower() or not value.isprintable() or _NEVER & set(value):
        raise ValueError(f"{visible(value)!r} cannot stand in the name of an index")
    return value

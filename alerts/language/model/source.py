"""What a run looks at, and what becomes of it before it is told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from alerts.language.model.http import HttpRequest
from alerts.language.model.script import Script
from alerts.language.parts import Choice, Duration, Json, Part, listed

_UTC_NAMES = "date math in index names is resolved in UTC; leave it out"


def _names(value: Any) -> Any:
    """Return the names of indices, which Watcher also takes as one text with commas."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


def _scripts_are_fixed(value: Any, key: str = "") -> Any:
    """Refuse templates in scripts: a value of the run would be code there."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            is_param = name == "params" and key.endswith("script")
            _scripts_are_fixed(inner, "" if is_param else key if key.endswith("script") else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            _scripts_are_fixed(inner, key)
    elif isinstance(value, str) and "{{" in value and key.endswith("script"):
        raise ValueError("a value in a script would run as code: hand it over in params")
    return value


class IndicesOptions(Part):
    """What to do about indices that are missing, closed or hidden."""

    refused: ClassVar[Mapping[str, str]] = {
        "ignore_throttled": "frozen indices are no more in Elasticsearch 8; leave it out"
    }

    expand_wildcards: Annotated[
        tuple[Literal["open", "closed", "hidden", "none", "all"], ...], BeforeValidator(_names)
    ] = ("open",)
    ignore_unavailable: bool = True
    allow_no_indices: bool = True


class SearchRequest(Part):
    """A search; strings in `body` may be templates. Missing indices count as empty, as in Watcher."""

    refused: ClassVar[Mapping[str, str]] = {
        "template": "search templates do not run here; write the search into body, whose texts may be templates",
        "types": "Elasticsearch 8 knows no types; leave it out",
    }

    indices: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names)] = Field(min_length=1)
    body: Annotated[Json, AfterValidator(_scripts_are_fixed)] = Field(default_factory=dict)
    search_type: Literal["query_then_fetch", "dfs_query_then_fetch"] = "query_then_fetch"
    indices_options: IndicesOptions = IndicesOptions()
    rest_total_hits_as_int: bool = True


class Search(Part):
    """A search and how long it may take."""

    refused: ClassVar[Mapping[str, str]] = {"dynamic_name_timezone": _UTC_NAMES}
    in_millis = ("timeout",)

    request: SearchRequest
    timeout: Duration = timedelta(minutes=1)


class SearchInput(Search):
    """Loads the answer of a search as payload, of it only `extract` where that is given; ``hits.total`` is a number."""

    extract: tuple[str, ...] | None = None


class HttpInput(Part):
    """Loads an answer over HTTP as payload: JSON and YAML as they are, text as ``_value``; and ``_status_code``."""

    request: HttpRequest
    response_content_type: Literal["json", "yaml", "text"] | None = None
    extract: tuple[str, ...] | None = None


class NoInput(Part):
    """Loads nothing."""


def _named_once(inputs: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    names = [name for entry in inputs for name in entry]
    if any(len(entry) != 1 for entry in inputs) or len(names) != len(set(names)):
        raise ValueError('each input of a chain is {"name": {...}}, with a name of its own')
    return inputs


class ChainInput(Part):
    """Loads one after the other, each as ``ctx.payload.<name>``; later ones see the payloads of those before."""

    inputs: Annotated[tuple[dict[str, "Input"], ...], AfterValidator(_named_once)] = Field(min_length=1)

    def named(self) -> list[tuple[str, "Input"]]:
        """Return the inputs with their names, in order."""
        return [(name, each) for entry in self.inputs for name, each in entry.items()]


class Input(Choice):
    """What a run looks at."""

    search: SearchInput | None = None
    simple: dict[str, Any] | None = None
    http: HttpInput | None = None
    chain: ChainInput | None = None
    none: NoInput | None = None


class Transform(Choice):
    """What becomes of a payload before it is told: a search's answer, an expression's value, or several in order."""

    search: Search | None = None
    script: Script | None = None
    chain: Annotated[tuple["Transform", ...], BeforeValidator(listed)] | None = None

"""The strictness that every part of a watch shares: unknown keys are refused with what is allowed instead."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, model_validator

from alerts.language import mustache

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d|w)")


def parse_duration(value: Any) -> timedelta:
    """Return the time that Watcher writes as ``10m`` or ``5s``.

    Raises:
        ValueError: It is written otherwise.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a time is a number with ms, s, m, h, d or w, e.g. 10m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def format_duration(duration: timedelta) -> str:
    """Write a time as Watcher does, in the largest unit that fits: ``10m``."""
    milliseconds = round(duration.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def _check_templates(value: Any) -> Any:
    for template in mustache.iter_templates(value):
        mustache.check(template)
    return value


def _template_text(value: Any) -> Any:
    """Return the text of a template that is written as an object, as Watcher lets it."""
    if not isinstance(value, Mapping):
        return value
    if value.get("lang", "mustache") != "mustache" or len(set(value) & {"source", "inline"}) != 1:
        raise ValueError('a template is a text, or {"source": text}; stored templates and other languages do not run')
    if unknown := sorted(set(value) - {"source", "inline", "lang"}):
        raise ValueError(f"{', '.join(map(repr, unknown))} is not supported here; allowed: source, inline, lang")
    return value.get("source", value.get("inline"))


def from_millis(value: Any) -> timedelta:
    """Return the time that Watcher writes as a number of milliseconds under a key that ends in ``_in_millis``.

    Raises:
        ValueError: It is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LONGEST_MILLIS:
        raise ValueError("a number of milliseconds is wanted, without quotes")
    return timedelta(milliseconds=value)


_LONGEST_MILLIS = 10**14
_MILLIS = "_in_millis"

Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Template = Annotated[str, BeforeValidator(_template_text), AfterValidator(_check_templates)]
Json = Annotated[dict[str, Any], AfterValidator(_check_templates)]
"""A free JSON object whose strings may be templates."""


def listed(value: Any) -> Any:
    """Return a value as a list: Watcher takes one where it takes several."""
    return value if isinstance(value, list | tuple) else [value]


class Part(BaseModel):
    """A part of a watch: frozen, and strict about its keys.

    Attributes:
        refused: Keys that Watcher knows and wwwatch does not, each with what to write instead: a clause.
        in_millis: Keys of times that may also be written as ``<key>_in_millis``, a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    refused: ClassVar[Mapping[str, str]] = MappingProxyType({})
    in_millis: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for key in sorted(set(data) & set(cls.refused)):
            raise ValueError(f"{key!r} is not supported: {cls.refused[key]}")
        if unknown := sorted(set(data) - set(cls.allowed())):
            raise ValueError(f"{', '.join(map(repr, unknown))} is not supported here; allowed: {_words(cls.allowed())}")
        for key in cls.in_millis:
            if key + _MILLIS in data:
                data = _human(dict(data), key)
        return data

    @classmethod
    def allowed(cls) -> list[str]:
        """Return the keys as they stand in the JSON file."""
        names = [field.alias or name for name, field in cls.model_fields.items()]
        return names + [key + _MILLIS for key in cls.in_millis]


class Choice(Part):
    """A part that is exactly one of its keys, as in ``{"search": {...}}``."""

    @model_validator(mode="before")
    @classmethod
    def _want_one(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and len(data) != 1:
            raise ValueError(f"exactly one is wanted of: {_words(cls.allowed())}")
        return data

    def chosen(self) -> Any:
        """Return the part that is there."""
        (name,) = self.model_fields_set
        return getattr(self, name)


def _human(data: dict[str, Any], key: str) -> dict[str, Any]:
    if key in data:
        raise ValueError(f"{key} and {key}{_MILLIS} are the same: keep one")
    millis = from_millis(data.pop(key + _MILLIS))
    return {**data, key: format_duration(millis)}


def _words(names: list[str]) -> str:
    return ", ".join(names) or "nothing"

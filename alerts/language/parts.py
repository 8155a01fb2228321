"""The strictness that every part of a watch shares: unknown keys are refused with what is allowed instead."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

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


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Template = Annotated[str, AfterValidator(_check_templates)]
Json = Annotated[dict[str, Any], AfterValidator(_check_templates)]
"""A free JSON object whose strings may be templates."""


class Part(BaseModel):
    """A part of a watch: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(cls.allowed()))):
            raise ValueError(f"{', '.join(map(repr, unknown))} is not supported here; allowed: {_words(cls.allowed())}")
        return data

    @classmethod
    def allowed(cls) -> list[str]:
        """Return the keys as they stand in the JSON file."""
        return [field.alias or name for name, field in cls.model_fields.items()]


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


def _words(names: list[str]) -> str:
    return ", ".join(names) or "nothing"

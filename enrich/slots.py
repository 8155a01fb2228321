"""The table of slots: what a value in a log line can be, which ECS field it becomes, and how its text is read.

A format says which slot each of its variables fills; nothing else about a value is said anywhere else.
"""

from dataclasses import dataclass
from enum import Enum, auto

import polars as pl

from core import fields


class Reading(Enum):
    """How a slot's text becomes a value; what cannot be read is null."""

    TEXT = auto()
    """As it is; ``-`` and nothing are null."""
    UPPER = auto()
    INTEGER = auto()
    DECIMAL = auto()
    NANOSECONDS = auto()
    """A duration; which unit the text is in, `Slot.scale` says."""
    TIME = auto()
    """A moment in `Slot.layout`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a value is.

    Attributes:
        field: The ECS field.
        reading: How its text is read.
        scale: For durations: nanoseconds of one unit.
        layout: For times: a strftime layout; empty for seconds since 1970.
    """

    field: str
    reading: Reading = Reading.TEXT
    scale: float = 1.0
    layout: str = ""


SLOTS: dict[str, Slot] = {
    "time": Slot(fields.TIMESTAMP, Reading.TIME, layout="%d/%b/%Y:%H:%M:%S %z"),
    "address": Slot(fields.SOURCE_ADDRESS),
    "user": Slot(fields.USER_NAME),
    "method": Slot(fields.METHOD, Reading.UPPER),
    "url": Slot(fields.URL_ORIGINAL),
    "domain": Slot(fields.URL_DOMAIN),
    "version": Slot(fields.HTTP_VERSION),
    "status": Slot(fields.STATUS, Reading.INTEGER),
    "bytes": Slot(fields.BODY_BYTES, Reading.INTEGER),
    "referrer": Slot(fields.REFERRER),
    "user_agent": Slot(fields.USER_AGENT),
}
"""By name. Values without an ECS field fill slots named ``label_<name>`` and become ``labels.<name>``."""

TYPES = {
    Reading.TEXT: pl.String(),
    Reading.UPPER: pl.String(),
    Reading.INTEGER: pl.Int64(),
    Reading.DECIMAL: pl.Float64(),
    Reading.NANOSECONDS: pl.Int64(),
    Reading.TIME: pl.Datetime("us", "UTC"),
}
LABEL = "label_"


def find_slot(name: str) -> Slot:
    """Return the slot of a name."""
    return Slot("labels." + name.removeprefix(LABEL)) if name.startswith(LABEL) else SLOTS[name]


def read_slot(name: str) -> pl.Expr:
    """Return the value of the text column `name` as a column named after its ECS field."""
    slot, text = find_slot(name), pl.col(name)
    if slot.reading is Reading.TIME:
        value = _moment(text, slot.layout)
    elif slot.reading is Reading.NANOSECONDS:
        value = (text.cast(pl.Float64, strict=False) * slot.scale).round().cast(pl.Int64, strict=False)
    elif slot.reading in {Reading.INTEGER, Reading.DECIMAL}:
        value = text.cast(TYPES[slot.reading], strict=False)
    else:
        present = pl.when(text.is_in(["-", ""]).not_()).then(text)
        value = present.str.to_uppercase() if slot.reading is Reading.UPPER else present
    return value.alias(slot.field)


def _moment(text: pl.Expr, layout: str) -> pl.Expr:
    if layout:
        # Nearly all lines of a second share its text: the cache makes this a look-up.
        return text.str.to_datetime(layout, time_unit="us", strict=False, cache=True)
    micros = (text.cast(pl.Float64, strict=False) * 1e6).round().cast(pl.Int64, strict=False)
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

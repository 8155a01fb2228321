"""How the text of a slot becomes a value; what cannot be read is null, and nothing fails."""

import polars as pl

from enrich.addresses import bare_ip
from enrich.percent import ASCII_CHARACTERS, ASCII_ESCAPES
from enrich.slots import CLF_TIME, EPOCH, TYPES, Reading, Slot

_UNITS = (("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12))
"""Nanoseconds of the units that Go writes."""

_NUMBER = r"^[+\-]?[0-9.]+(?:[eE][+\-]?[0-9]+)?$"
_GO = r"^(?:[0-9.]+(?:ns|us|µs|ms|s|m|h))+$"
_MAX_MICROS = 253_402_300_800_000_000
"""The year 10000, which Elasticsearch's dates and Python's do not reach."""


def read_slot(text: pl.Expr, slot: Slot, zone: str = "UTC") -> pl.Expr:
    """Return the value of a text column as a column named after its ECS field.

    Args:
        text: The text as it stands in the line.
        slot: What it is.
        zone: Where the clock stands whose times carry no zone.
    """
    match slot.reading:
        case Reading.TIME:
            value = _moment(text, slot, zone)
        case Reading.NANOSECONDS:
            value = _nanoseconds(text, slot.scale)
        case Reading.INTEGER | Reading.DECIMAL:
            value = text.cast(TYPES[slot.reading], strict=False)
        case Reading.LAST:
            value = text.str.extract(r"([0-9]+)$").cast(pl.Int64, strict=False)
        case Reading.SUM:
            numbers = present(text).str.split(slot.layout).list.eval(pl.element().cast(pl.Float64, strict=False))
            value = pl.when(numbers.list.drop_nulls().list.len() > 0).then(numbers.list.sum().round(6))
        case Reading.LIST:
            items = present(text).str.split(slot.layout).list.eval(pl.element().filter(pl.element() != ""))
            value = pl.when(items.list.len() > 0).then(items)
        case Reading.ADDRESS:
            value = bare_ip(text)
        case _:
            value = _text(present(text), slot.reading)
    return value.alias(slot.field)


def present(text: pl.Expr) -> pl.Expr:
    """Return the text, or null where the server wrote ``-`` or nothing."""
    return pl.when(text.is_in(["-", ""]).not_()).then(text)


def _text(text: pl.Expr, reading: Reading) -> pl.Expr:
    match reading:
        case Reading.UPPER:
            return text.str.to_uppercase()
        case Reading.LOWER:
            return text.str.to_lowercase()
        case Reading.PLUS:
            return text.str.replace_all("+", " ", literal=True)
        case Reading.ESCAPED:
            return text.str.replace_many(ASCII_ESCAPES, ASCII_CHARACTERS)
        case _:
            return text


def _nanoseconds(text: pl.Expr, scale: float) -> pl.Expr:
    plain = text.cast(pl.Float64, strict=False) * scale
    with_unit = pl.when(text.str.contains(_GO)).then(text)
    parts = [
        (with_unit.str.extract(rf"([0-9.]+){unit}(?:[0-9]|$)").cast(pl.Float64, strict=False) * size).fill_null(0)
        for unit, size in _UNITS
    ]
    # Negative durations are how servers say that it never came to it.
    value = pl.coalesce(plain, pl.when(with_unit.is_not_null()).then(pl.sum_horizontal(parts)))
    return pl.when(value >= 0).then(value.round()).cast(pl.Int64, strict=False)


def _moment(text: pl.Expr, slot: Slot, zone: str) -> pl.Expr:
    if slot.layout == CLF_TIME:
        # Nearly all lines of a second share its text: the cache makes this a look-up.
        return text.str.to_datetime(slot.layout, time_unit="us", strict=False, cache=True)
    return pl.coalesce(_in_layout(text, layout, slot.scale, zone) for layout in slot.layout.split("\n"))


def _in_layout(text: pl.Expr, layout: str, scale: float, zone: str) -> pl.Expr:
    if layout == EPOCH:
        number = pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False) * scale
        micros = pl.when((number >= 0) & (number < _MAX_MICROS)).then(number).round().cast(pl.Int64, strict=False)
        return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    moment = text.str.to_datetime(layout, time_unit="us", strict=False, cache=True)
    if "z" in layout:
        return moment
    return moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

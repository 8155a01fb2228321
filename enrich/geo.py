"""Where an address is and whose network it is in, from any databases in MaxMind's format that the user names."""

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import maxminddb_rust as mmdb
import polars as pl

from core.errors import SettingsError
from enrich.memo import MAX_VALUES, Memo

_LOG = logging.getLogger(__name__)

GEO_SCHEMA: dict[str, pl.DataType] = {
    "source.geo.continent_name": pl.String(),
    "source.geo.country_iso_code": pl.String(),
    "source.geo.country_name": pl.String(),
    "source.geo.region_iso_code": pl.String(),
    "source.geo.region_name": pl.String(),
    "source.geo.city_name": pl.String(),
    "source.geo.location.lat": pl.Float64(),
    "source.geo.location.lon": pl.Float64(),
    "source.as.number": pl.Int64(),
    "source.as.organization.name": pl.String(),
}
"""The columns of `GeoTable.columns`, in order; degrees are WGS 84."""

_Path = tuple[str | int, ...]
_PATHS: tuple[tuple[_Path, ...], ...] = (
    # Per column the places of its value in a record: MaxMind's and DB-IP's layout, then the flat ones of other makers.
    (("continent", "names", "en"), ("continent",), ("continent_name",)),
    (("country", "iso_code"), ("country_code",)),
    (("country", "names", "en"), ("country_name",), ("country",)),
    (("subdivisions", -1, "iso_code"), ("region_code",)),
    (("subdivisions", -1, "names", "en"), ("region",), ("state1",)),
    (("city", "names", "en"), ("city",)),
    (("location", "latitude"), ("latitude",), ("lat",)),
    (("location", "longitude"), ("longitude",), ("lng",)),
    (("autonomous_system_number",), ("asn",)),
    (("autonomous_system_organization",), ("as_name",), ("as_organization",)),
)
_NETWORKS = 8
_SAMPLE = 200
"""Records that are looked at to see how a database is laid out."""

_PRIVATE = (
    r"^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|192\.0\.[02]\.|198\.1[89]\.|198\.51\.100\.|203\.0\.113\."
    r"|172\.(?:1[6-9]|2[0-9]|3[01])\.|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|2(?:2[4-9]|[345][0-9])\."
    r"|::1?$|(?i:f[cdf]|fe[89ab]|2001:db8:))"
)
"""Addresses of no place: private, local, shared, multicast, reserved and for documentation (RFC 6890)."""


class _Database:
    """A database's file, opened anew when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._signature()
        self._reader, self._paths = _open(path)
        self._is_damaged = False

    def refresh(self) -> bool:
        """Open the file if it is another one than before; return whether it was."""
        signature = self._signature()
        if signature in (None, self._seen):
            return False
        self._seen = signature
        try:
            reader, paths = _open(self._path)
        except SettingsError as error:
            _LOG.warning("%s; the one read before stays in use", error)
            return False
        self._reader.close()
        self._reader, self._paths, self._is_damaged = reader, paths, False
        _LOG.info("read the database %s again", self._path)
        return True

    def get(self, addresses: Sequence[str], column: int) -> list[Any]:
        """Return a column's values for addresses, None where the database has none."""
        found: list[Any] = [None] * len(addresses)
        for path in self._paths[column]:
            missing = [row for row, value in enumerate(found) if value is None]
            for row, value in zip(missing, self._many([addresses[row] for row in missing], path), strict=True):
                found[row] = None if isinstance(value, dict | list) else value
        return found

    def _many(self, addresses: list[str], path: _Path) -> list[Any]:
        try:
            return self._reader.get_many_path(addresses, path)
        except (mmdb.InvalidDatabaseError, ValueError):
            return [self._one(address, path) for address in addresses]

    def _one(self, address: str, path: _Path) -> Any:
        try:
            return self._reader.get_path(address, path)
        except ValueError:  # no address, or one of IPv6 in a database of IPv4
            return None
        except mmdb.InvalidDatabaseError as error:
            if not self._is_damaged:
                _LOG.warning("the database %s is damaged: %s", self._path, error)
            self._is_damaged = True
            return None

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:  # geoipupdate is just replacing it, or it is gone: what was read stays in use
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns


class GeoTable(Memo):
    """The addresses seen lately, with the columns of `GEO_SCHEMA`; `lookup` looks first whether a file was replaced.

    A file is to be replaced by renaming, as geoipupdate does: one that is overwritten in place would change under its
    reader.

    Args:
        paths: Databases of cities, countries or autonomous systems; where two know a thing, the first is believed.
        limit: Distinct addresses to keep.

    Raises:
        SettingsError: A file is missing, damaged, or knows neither places nor networks.
    """

    def __init__(self, paths: Sequence[Path], limit: int = MAX_VALUES) -> None:
        self._databases = [_Database(path) for path in paths]
        super().__init__(self._locate, limit)

    def lookup(self, values: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """Return each address's row in the table, and the table; see `Memo.lookup`.

        Args:
            values: Addresses (String) of shape (n,); what is none, and what is private, has nulls in all columns.
        """
        replaced = [database for database in self._databases if database.refresh()]
        if replaced:
            self.clear()
        return super().lookup(values)

    def _locate(self, addresses: pl.Series) -> pl.DataFrame:
        is_public = ~addresses.str.contains(_PRIVATE)
        public = addresses.filter(is_public).to_list()
        columns: list[list[Any]] = [[None] * len(public) for _ in GEO_SCHEMA]
        for database in self._databases:
            for number, known in enumerate(columns):
                missing = [row for row, value in enumerate(known) if value is None]
                for row, value in zip(missing, database.get([public[row] for row in missing], number), strict=True):
                    known[row] = value
        typed = [_typed(values, kind) for values, kind in zip(columns, GEO_SCHEMA.values(), strict=True)]
        frame = pl.DataFrame(typed, schema=list(GEO_SCHEMA)).with_columns(_region())
        empty = pl.DataFrame(schema=GEO_SCHEMA).clear(len(addresses))
        rows = is_public.arg_true()
        return empty.with_columns(empty[name].scatter(rows, frame[name]) for name in GEO_SCHEMA)


def _open(path: Path) -> tuple[mmdb.Reader, list[tuple[_Path, ...]]]:
    """Open a database and return, per column, where its records have the value."""
    try:
        reader = mmdb.open_database(path)
        kind = reader.metadata().database_type
        records = [record for _, record in itertools.islice(reader, _SAMPLE) if isinstance(record, dict)]
    except mmdb.InvalidDatabaseError as error:
        raise SettingsError(f"the database {path} is damaged ({error})", "download it again") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the database {path} ({error})", "correct ship.geoip") from None
    is_nested = any(isinstance(value, dict) for record in records for value in record.values())
    paths = [candidates[:1] if is_nested else candidates for candidates in _PATHS]
    name = kind.lower()
    if "asn" in name or "isp" in name:
        paths[:_NETWORKS] = [()] * _NETWORKS
    elif "city" in name or "country" in name:
        paths[_NETWORKS:] = [()] * (len(_PATHS) - _NETWORKS)
    if not {key for record in records for key in record} & {path[0] for candidates in paths for path in candidates}:
        raise SettingsError(
            f"the database {path} of the type {kind!r} knows neither places nor networks", "correct ship.geoip"
        )
    return reader, paths


def _typed(values: list[Any], kind: pl.DataType) -> pl.Series:
    """Return values in their column's type, null where they do not fit; some makers write numbers as text."""
    texts = pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)
    if kind == pl.Int64():
        texts = texts.str.strip_prefix("AS")
    return pl.select(pl.when(texts != "").then(texts)).to_series().cast(kind, strict=False)


def _region() -> pl.Expr:
    """A region's code with its country's before it, as ISO 3166-2 has it."""
    country, region = pl.col("source.geo.country_iso_code"), pl.col("source.geo.region_iso_code")
    whole = pl.concat_str(country, pl.lit("-"), region)
    return (
        pl.when(region.str.contains("-", literal=True)).then(region).otherwise(whole).alias(region.meta.output_name())
    )

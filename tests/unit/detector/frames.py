"""Made-up requests, and a model to judge them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from detector.events import complete
from detector.features import features, prepare

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "time": pl.Datetime("us", "UTC"),
    "address": pl.String,
    "user_agent": pl.String,
    "method": pl.String,
    "url": pl.String,
    "status": pl.Int64,
    "bytes": pl.Int64,
    "referrer": pl.String,
    "domain": pl.String,
}


def at(seconds: float) -> datetime:
    """Return the time so many seconds after START."""
    return START + timedelta(seconds=seconds)


def request(seconds: float = 0.0, url: str | None = "/", **more: Any) -> dict[str, Any]:
    """Return one request; what is not given is a browser's GET of a page that exists."""
    usual = {"address": "192.0.2.1", "user_agent": BROWSER, "method": "GET", "status": 200, "bytes": 100}
    return {"time": at(seconds), "url": url, "referrer": None, "domain": "example.org", **usual, **more}


def events_of(*requests: dict[str, Any]) -> pl.DataFrame:
    """Return requests as EVENT_SCHEMA."""
    return complete(pl.DataFrame(list(requests), schema=_COLUMNS))


def sessions_of(*requests: dict[str, Any]) -> pl.DataFrame:
    """Return the sessions of requests, those of the first request first."""
    return features(prepare(events_of(*requests))).sort("client", "user_agent", "start")


def logins(count: int, *, address: str = "192.0.2.1", start: float = 0.0, every: float = 1.0, **more: Any) -> list[Any]:
    """Return failed logins."""
    usual = {"method": "POST", "status": 401, "address": address, **more}
    return [request(start + every * number, "/login", **usual) for number in range(count)]

"""A simulated day of two sites with attacks in it, as nginx would log it with its sites and request times."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from simulator import demo_site, render_combined, simulate

START = datetime(2026, 6, 9, tzinfo=UTC)
"""A Tuesday."""
END = START + timedelta(days=1)
SHOP, BLOG = "shop.example.org", "blog.example.org"
LOG_FORMAT = (
    'log_format sites \'$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" $request_time\';'
)
"""What the sites' nginx has in its configuration."""

ATTACKS = {
    SHOP: (("scan", "03:10"), ("bruteforce", "09:40"), ("flood", "14:20"), ("sqli", "16:45"), ("spray", "20:30")),
    BLOG: (("nikto", "07:30"), ("exploit", "11:20"), ("bruteforce", "23:52")),
}
"""Site to attacks and when they begin; the last one goes on when the day ends."""

HOSTILE = "<script>document.title='owned'</script>"
"""What a probe puts wherever it can."""
PROBES = 14
NO_REQUESTS = (
    "2026/06/09 08:15:02 [error] 31#31: *88 upstream timed out while reading",
    "worker process 4711 exited on signal 11",
    f"{HOSTILE} is no line of this format",
)
_VISITS_PER_HOUR = {SHOP: 7.0, BLOG: 3.0}
_COUNTRIES = (("DE", "Germany"), ("FR", "France"), ("US", "United States"), ("NL", "Netherlands"), ("PL", "Poland"))
_VISITOR = re.compile(r"198\.18\.(\d+)\.(\d+)")
_OVERLOADED = (START + timedelta(hours=14, minutes=20), START + timedelta(hours=14, minutes=40))


def requests(seed: int = 7) -> pl.DataFrame:
    """Return the day's requests: the simulator's columns and ``seconds``, the time that each took."""
    sites = [_site(name, seed + place) for place, name in enumerate(ATTACKS)]
    frame = pl.concat([*sites, _probe()]).filter(pl.col("time") < END).sort("time", maintain_order=True)
    frame = frame.with_columns(pl.col("client").map_elements(_moved, pl.String))
    dice = np.random.default_rng(seed)
    is_static = pl.col("url").str.contains(r"\.(css|js|png|jpg|svg|ico)")
    usual = pl.when(is_static).then(0.004).when(pl.col("method") == "POST").then(0.18).otherwise(0.07)
    frame = frame.with_columns(seconds=usual * pl.Series(dice.lognormal(0.0, 0.6, frame.height)))
    slow = pl.col("time").is_between(*_OVERLOADED) & (pl.col("domain") == SHOP) & ~is_static
    fails = slow & pl.Series(dice.random(frame.height) < 0.3)
    return frame.with_columns(
        seconds=pl.when(slow).then(pl.col("seconds") * 25).otherwise("seconds").round(3),
        status=pl.when(fails).then(pl.lit(503, pl.Int32)).otherwise("status"),
    )


def lines_of(frame: pl.DataFrame) -> pl.Series:
    """Return the requests as lines of `LOG_FORMAT`, as many and in their order."""
    return frame.select(
        line=pl.format("{} {} {}", "domain", render_combined(frame), pl.col("seconds").round(3)),
    )["line"]


def write_countries(path: Path) -> Path:
    """Write a made-up database: addresses for documentation (RFC 9637) in countries that exist."""
    writer = MMDBWriter(ip_version=6, database_type="GeoLite2-Country", languages=["en"], description="made up")
    for place in range(16):
        code, name = _COUNTRIES[(place * place + place // 3) % len(_COUNTRIES)]
        record = {"country": {"iso_code": code, "names": {"en": name}}, "continent": {"names": {"en": "Made up"}}}
        writer.insert_network(IPSet([f"3fff:{place * 16:x}::/28"]), record)
    writer.to_db_file(str(path))
    return path


def _moved(client: str) -> str:
    """Return an address that a database may know for half of the visitors: no other made-up ones have a place."""
    found = _VISITOR.fullmatch(client)
    if found is None or int(found[1]) % 2:
        return client
    return f"3fff:{int(found[1]):x}:{int(found[2]):x}::1"


def _site(name: str, seed: int) -> pl.DataFrame:
    attacks: Sequence[tuple[str, datetime]] = [(attack, _at(clock)) for attack, clock in ATTACKS[name]]
    site = replace(demo_site(), domain=name)
    return simulate(
        START, END, seed=seed, visits_per_hour=_VISITS_PER_HOUR[name], attacks=attacks, site=site, steady=name == SHOP
    )


def _probe() -> pl.DataFrame:
    """Return a scanner's requests that hold markup in path, referrer and user agent."""
    one = {
        "client": "198.19.200.66",
        "method": "GET",
        "url": f"/{HOSTILE}?page={HOSTILE}",
        "protocol": "HTTP/1.1",
        "status": 404,
        "bytes": 153,
        "referrer": HOSTILE,
        "user_agent": f"probe {HOSTILE}",
        "domain": BLOG,
        "user": "-",
        "kind": "scan",
        "actor": "probe",
        "attack": "probe",
    }
    rows = [{"time": _at("05:00") + timedelta(seconds=7 * number), **one} for number in range(PROBES)]
    like = simulate(START, START + timedelta(minutes=1), seed=0, visits_per_hour=1, steady=False)
    return pl.DataFrame(rows, schema=like.schema)


def _at(clock: str) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return START + timedelta(hours=hours, minutes=minutes)

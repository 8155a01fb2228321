"""Attempts to log in, added up: who of many clients only tries, and does not get in.

A right password sends a browser on: it follows the redirect. A redirect that nobody follows is an answer that nobody
reads, and one that leads back to the form is a refusal: neither proves a success, whatever its status.
"""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from detector.tally import GET_IN, LIGHT_ATTEMPTS

FEW_OTHERS = 3
"""Requests for other than the login, beyond one for each attempt, that an attacker's tool makes."""

SHOWN_AGAIN = 1.5
"""Looks at the login page for each attempt from which on they are no others: the form before it, and again after it.
Who gets in may have fetched the form once, and is not shown it again."""

AGAIN = 3
"""Redirects left unread by one client from which on they are no successes, however often it was refused otherwise: who
has got in tries no more, and lock-outs come after them."""

HEEDLESS = 4
"""Attempts for each other request from which on nobody follows what the logins are answered."""


def with_outcomes(sums: pl.DataFrame, *together: str) -> pl.DataFrame:
    """Count unfollowed redirects as failed, unless the site shows that it refuses wrong passwords otherwise.

    Args:
        sums: `requests`, `looks` (at login pages, detector.prepare.looks_at_login), `failed`, `succeeded` and `blind`
            (attempts without a referrer, or with their own URL as one, that were answered with a redirect; `succeeded`
            counts them, too), by whatever.
        together: Columns of what tells together how a site refuses; none: each row for itself.

    Returns:
        The same rows with `failed` and `succeeded` set right (Int64), `attempts`, and `others`: requests for what is
        neither the one nor part of the other.
    """
    requests, looks, failed, succeeded, blind = (
        pl.col(name).cast(pl.Int64) for name in ("requests", "looks", "failed", "succeeded", "blind")
    )
    attempts = failed + succeeded
    others = requests - attempts - pl.when(looks >= SHOWN_AGAIN * attempts).then(looks).otherwise(0)
    counted = (attempts.alias("attempts"), others.alias("others"))
    if not (sums["blind"] > 0).any():  # hardly any site has such
        return sums.with_columns(*counted, failed.alias("failed"), succeeded.alias("succeeded"))
    refusals, redirects = (each.sum().over(together) if together else each for each in (failed, blind))
    is_unread = (HEEDLESS * others <= attempts) & ((redirects > refusals) | (blind >= AGAIN))
    unfollowed = pl.when(is_unread).then(blind).otherwise(0)
    return sums.with_columns(
        *counted,
        (failed + unfollowed).alias("failed"),
        (succeeded - unfollowed).alias("succeeded"),
    )


def tell_triers(sums: pl.DataFrame, others: pl.Expr) -> pl.DataFrame:
    """Say who only tries to log in, a few times.

    Args:
        sums: What `with_outcomes` adds, by client and interval.
        others: Boolean: who is something else, whatever it tries (loads images, calls itself a robot).

    Returns:
        The same rows with the Booleans `is_dry` (never got in) and `is_lucky` (got in).
    """
    few = pl.col("others") <= FEW_OTHERS + pl.col("attempts")
    light = ~others & (pl.col("attempts") < LIGHT_ATTEMPTS) & few
    return sums.with_columns(
        (light & (pl.col("failed") > 0) & (pl.col("succeeded") == 0)).alias("is_dry"),
        (light & (pl.col("succeeded") > 0)).alias("is_lucky"),
    )


def count_triers() -> list[pl.Expr]:
    """Return the sums over an interval's clients: `dry`, `lucky`, and `failed`, their failed attempts."""
    tries = pl.col("is_dry") | pl.col("is_lucky")
    return [
        pl.col("is_dry").sum().alias("dry"),
        pl.col("is_lucky").sum().alias("lucky"),
        pl.col("failed").filter(tries).sum(),
    ]


def judge_triers(counted: pl.DataFrame, usual: pl.Expr, hours: float) -> pl.DataFrame:
    """Say what intervals with many such clients are called, and how bad they are.

    Args:
        counted: What `count_triers` gives, only intervals that are attacks.
        usual: How many dry clients are usual.
        hours: How long the intervals are, at least 1.

    Returns:
        The same rows with `kind` (`spray`, or `stuffing` where some get in), `count`, `usual` and `score`.
    """
    everybody = pl.col("dry") + pl.col("lucky")
    inside = pl.col("lucky") >= pl.max_horizontal(2, GET_IN * everybody)
    total = counted["dry"].cast(pl.Float64) + counted["lucky"]
    return counted.with_columns(
        pl.when(inside).then(pl.lit("stuffing")).otherwise(pl.lit("spray")).alias("kind"),
        everybody.alias("count"),
        usual.alias("usual"),
        pl.Series("score", spray_score(total.to_numpy(), hours)),
    )


def spray_score(clients: ArrayLike, hours: float) -> NDArray[np.float64]:
    """Return the score, 0 to 100, of so many clients in so many hours, each of which stays light.

    10 in an hour are major, 115 critical; in a day, five times as many.
    """
    rate = np.maximum(np.asarray(clients, dtype=np.float64) / max(hours, 1.0) ** 0.5, 1.0)
    return np.asarray(np.clip(30.0 + 22.0 * np.log10(rate), 0.0, 100.0), dtype=np.float64)

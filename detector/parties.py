"""Parties: who is behind an address, and what each party did in all its sessions.

An address is one party, whatever user agents it shows: changing the user agent on every request hides nothing. An
address that many browsing people share (an office, a mobile carrier, a reverse proxy whose log lost the addresses) is
none: there each user agent is a party of its own, and only what shows signs of an attack is one together.
"""

import polars as pl

CROWD = 5
"""User agents that load pages and images as browsers do, from which on an address is shared: a household has fewer."""

LINKS = 2
"""Images, styles or scripts with a referrer that make a browser's session a browsing person's."""

FOLLOWS = 5
"""Links to different pages that a browser's session follows where a site's images and styles are elsewhere."""


def assign_parties(sessions: pl.DataFrame) -> pl.DataFrame:
    """Say which party each session belongs to.

    Args:
        sessions: `visit`, `is_browser`, `linked_assets`, `links` and `signed` (requests with signs), one row per
            session in their order.

    Returns:
        `party` (UInt32, the number of one of the party's sessions), `crowd` (UInt32) and `is_shared` (the session is
        one person's among many), one row per session.
    """
    visits = (pl.col("linked_assets") >= LINKS) | (pl.col("links") >= FOLLOWS)
    browses = pl.col("is_browser") & visits & (pl.col("signed") == 0)
    marked = sessions.select("visit", "signed", browses.alias("browses")).with_row_index("session")
    marked = marked.with_columns(pl.col("browses").sum().over("visit").cast(pl.UInt32).alias("crowd"))
    # Among many a program is on its own as well; what attacks may show ever other names.
    alone = (pl.col("signed") == 0) & (pl.col("crowd") >= CROWD)
    others = pl.col("session").filter(~alone).min().over("visit")
    return marked.select(
        pl.when(alone).then(pl.col("session")).otherwise(others).alias("party"), "crowd", alone.alias("is_shared")
    )

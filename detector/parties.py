"""Parties: who is behind an address, and what each party did in all its sessions.

An address is one party, whatever user agents it shows: changing the user agent on every request hides nothing. An
address that many browsing people share (an office, a mobile carrier, a reverse proxy whose log lost the addresses) is
none: there each user agent is a party of its own, and only what shows signs of an attack is one together.
"""

import numpy as np
import polars as pl

from detector.describe import BROWSER
from detector.pieces import gather
from detector.places import is_among
from detector.requests import Floats, Requests
from detector.segments import Bools, joint_key
from detector.words import BIT

CROWD = 5
"""User agents that load pages and images as browsers do, from which on an address is shared: a household has fewer."""

LINKS = 2
"""Images, styles or scripts with a referrer that make a browser's session a browsing person's."""

FOLLOWS = 5
"""Links to different pages that a browser's session follows where a site's images and styles are elsewhere."""

OWN_LINKS = 2
"""Links from pages that the session itself opened, from which on it is a person's if half of its requests are such."""

STRAY = 0.1
"""Share of links from pages that only others at the address opened, from which on these are one walk under changing
names: it goes on from the page that another name opened, and people hardly ever do."""


def follow_own_links(requests: Requests, linked_assets: Floats, prepared: pl.DataFrame) -> Bools:
    """Return which sessions are a browser's that goes from page to page by links of pages that it opened itself.

    Args:
        requests: Output of `detector.rows.number_rows`, of m sessions.
        linked_assets: Images and styles loaded as browsers do, shape (m,); who loads some is known by them already.
        prepared: What the requests were made of.

    Returns:
        Shape (m,); only where a visit has CROWD sessions that may be such.
    """
    may, visits = ((requests.agent & BROWSER) != 0) & (linked_assets < LINKS), requests.visit
    may &= requests.sizes > OWN_LINKS
    count = int(visits.max(initial=0)) + 1
    is_crowd = np.bincount(visits[may], minlength=count) >= CROWD
    rows = np.flatnonzero(is_crowd[visits][requests.order.session])
    texts = gather(prepared.select("shown_key", "url_key"), requests.order.rows[rows])
    named, asked = (column.fill_null(0).to_numpy() for column in texts)
    own = requests.order.session[rows]
    linked = np.flatnonzero(((requests.words[rows] & BIT["is_linked"]) != 0) & (named != asked))
    is_own, is_near = (
        is_among(joint_key(named[linked], whose[linked]), joint_key(asked, whose))
        for whose in (each.astype(np.uint64) for each in (own, visits[own]))
    )
    near, followed = (np.bincount(visits[own[linked[each]]], minlength=count) for each in (is_near, is_own))
    is_crowd &= near - followed <= STRAY * near
    links = requests.each(own[linked[is_own]])
    return np.asarray(may & is_crowd[visits] & (links >= OWN_LINKS) & (2 * links >= requests.sizes))


def assign_parties(sessions: pl.DataFrame) -> pl.DataFrame:
    """Say which party each session belongs to.

    Args:
        sessions: `visit`, `is_browser`, `linked_assets`, `links`, `follows` (`follow_own_links`) and `signed` (requests
            with signs), one row per session in their order.

    Returns:
        `party` (UInt32, the number of one of the party's sessions), `crowd` (UInt32) and `is_shared` (the session is
        one person's among many), one row per session.
    """
    visits = (pl.col("linked_assets") >= LINKS) | (pl.col("links") >= FOLLOWS) | pl.col("follows")
    browses = pl.col("is_browser") & visits & (pl.col("signed") == 0)
    marked = sessions.select("visit", "signed", browses.alias("browses")).with_row_index("session")
    marked = marked.with_columns(pl.col("browses").sum().over("visit").cast(pl.UInt32).alias("crowd"))
    # Among many a program is on its own as well; what attacks may show ever other names.
    alone = (pl.col("signed") == 0) & (pl.col("crowd") >= CROWD)
    others = pl.col("session").filter(~alone).min().over("visit")
    return marked.select(
        pl.when(alone).then(pl.col("session")).otherwise(others).alias("party"), "crowd", alone.alias("is_shared")
    )

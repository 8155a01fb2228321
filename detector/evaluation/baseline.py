"""The baseline: plain thresholds as fail2ban users write them.

Each rule bans an address with so many matching lines within 10 minutes. Source: fail2ban's jail.conf, whose documented
defaults are findtime = 10m and maxretry = 5, and 2 for its botsearch and overflows jails. The list of paths is our own.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

FIND_TIME = timedelta(minutes=10)
MAX_RETRY = 5
MAX_RETRY_BOTS = 2

BOT_PATHS = (
    r"^/(?:cgi-bin|phpmyadmin|pma|myadmin|mysqladmin|phpma|dbadmin|adminer|administrator|admin|wp-admin|wp-login\.php"
    r"|wordpress|wp|xmlrpc\.php|roundcube|webmail|manager/html|cms|joomla|typo3|horde|setup\.php|phpinfo\.php)(?:/|\.|$)"
    r"|/\.(?:env|git|svn|aws|htaccess)|\.(?:asp|aspx|exe|cgi|pl|dll|sql|bak)$"
)
LOGIN_PATHS = r"(?i)(?:/wp-login\.php|/xmlrpc\.php|/log-?in|/sign-?in|/session|/auth|/administrator/index\.php)"


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold on one address.

    Attributes:
        name: How it is called in the report.
        condition: Which of its requests count.
        most: From how many within FIND_TIME on it is banned.
    """

    name: str
    condition: pl.Expr
    most: int = MAX_RETRY


_PATH, _STATUS = pl.col("path").str.to_lowercase(), pl.col("status")
RULES = (
    Rule("missing pages", _STATUS == 404),  # noqa: PLR2004 - HTTP's own numbers
    Rule("denied", _STATUS.is_in([401, 403])),
    Rule("bad requests", _STATUS == 400),  # noqa: PLR2004
    Rule("bot search", _PATH.str.contains(BOT_PATHS) & (_STATUS.is_in([403, 404, 444])), MAX_RETRY_BOTS),
    Rule("logins", _PATH.str.contains(LOGIN_PATHS) & (pl.col("method") == "POST")),
)


def ban(events: pl.DataFrame) -> pl.DataFrame:
    """Apply the rules.

    Args:
        events: EVENT_SCHEMA.

    Returns:
        A row per client: `client`, `banned` (whether any rule bans it), `banned_at` (when, null where never),
        `strikes` (most matching lines within FIND_TIME over what bans, the highest of the rules: its score).
    """
    known = events.drop_nulls(["address", "time"]).sort("client", "time", maintain_order=True)
    every = known.select("client").unique(maintain_order=True)
    found = (
        pl.concat([_apply(known, rule) for rule in RULES])
        .group_by("client")
        .agg(pl.col("strikes").max(), pl.col("banned_at").min())
    )
    joined = every.join(found, on="client", how="left", maintain_order="left")
    return joined.select(
        "client", (pl.col("banned_at").is_not_null()).alias("banned"), "banned_at", pl.col("strikes").fill_null(0.0)
    )


def _apply(events: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    struck = events.filter(rule.condition.fill_null(value=False)).select("client", "time")
    counted = struck.rolling("time", period=FIND_TIME, group_by="client", closed="both").agg(pl.len().alias("lines"))
    return counted.group_by("client").agg(
        (pl.col("lines").max() / rule.most).alias("strikes"),
        pl.col("time").filter(pl.col("lines") >= rule.most).min().alias("banned_at"),
    )

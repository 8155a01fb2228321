"""The table of features that a session's own requests do not tell: its client's, its client's last day's, its site's.

"Client" is the address as a whole, whatever user agents it shows. Where many browsing people share an address
(`crowd`), each of them is on his own, and so is each program; what attacks is one client: see `detector.parties`.
"""

from detector.feature import JAVED, OIKONOMOU, Feature

CLIENT = (
    Feature(
        "client_requests", "count", "the client's requests in all its sessions", "{} requests from this address", 1
    ),
    Feature(
        "client_peak_10s",
        "count",
        "the client's most requests within 10 s, without what browsers load to show a page; of what a shown page's "
        "script asks for by itself, every fourth request",
        "{} requests within 10 s from this address",
        1,
        source=OIKONOMOU,
    ),
    Feature(
        "client_peak_60s",
        "count",
        "the same within one minute",
        "{} requests within 1 min from this address",
        1,
        source=OIKONOMOU,
    ),
    Feature(
        "client_same_10s",
        "count",
        "the client's most requests for one and the same path within 10 s; of what an interface answered every fourth, "
        "for everything is asked at its one path",
        "{} requests for the same page within 10 s from this address",
        1,
    ),
    Feature(
        "client_timeouts",
        "count",
        "the client's requests that were given up (408, 444, 499, 504)",
        "{} requests from this address timed out or were given up",
        1,
    ),
    Feature(
        "client_pages",
        "count",
        "different pages the client got: paths, and numbers in queries; no packages, parts of films, thumbnails or "
        "interfaces, nor what a page fetches by itself; but numbers in an interface's queries that were opened as "
        "a page (as the referrer of what came next tells), or asked in a browser's name without a referrer, images or "
        "styles, as no page asks for them",
        "{} different pages taken by this address",
        1,
    ),
    Feature(
        "client_unlinked_pages",
        "count",
        "different pages the client got in a browser's name without following a link (no referrer), or all pages of "
        "a session that gives no name, on a site whose log names others, and loads nothing that a browser would",
        "{} different pages taken by this address without following a link as a browser does",
        1,
    ),
    Feature(
        "client_linked_assets",
        "count",
        "the client's images, styles and scripts loaded with a referrer",
        "{} images, styles or scripts loaded by this address as browsers do",
        -1,
    ),
    Feature(
        "client_user_agents",
        "count",
        "user agents that the client shows",
        "{} different user agents from this address",
        1,
    ),
    Feature(
        "client_missing_paths",
        "count",
        "distinct paths that the client asked for and that do not exist",
        "{} different paths that do not exist, asked from this address",
        1,
    ),
    Feature(
        "client_guessed_paths",
        "count",
        "distinct paths that do not exist, are forbidden or redirect, and that no page linked to (no referrer, no "
        "asset), less one for each that the client got; numbers, tokens and titles in them count as one",
        "{} paths that nothing links to, asked from this address, led nowhere",
        1,
    ),
    Feature(
        "client_same_answers",
        "count",
        "most distinct pages that the client got the very same answer to (200 or 302, and size), beyond three",
        "{} different paths asked from this address got the very same answer",
        1,
    ),
    Feature(
        "client_probes",
        "count",
        "the client's distinct paths that only attackers ask for, such as files with secrets and web shells",
        "{} URLs that only attackers ask for, from this address",
        1,
    ),
    Feature(
        "client_knocks",
        "count",
        "the client's distinct refused paths that some sites have (administration panels, software's own pages) and "
        "this one does not serve to others",
        "{} URLs that look for software or panels that are not here, from this address",
        1,
    ),
    Feature(
        "client_exploits",
        "count",
        "the client's distinct URLs that look like injection, scripting, traversal or remote execution, less five "
        "that somebody who browses may have searched for",
        "{} URLs that look like an exploit, from this address",
        1,
    ),
    Feature(
        "client_shells",
        "count",
        "the client's distinct paths that look like a web shell, or like a script among uploaded files",
        "{} web shells looked for or used by this address",
        1,
    ),
    Feature(
        "client_foreign_paths",
        "count",
        "the client's distinct refused paths of a technology (.php, .aspx, ...) that this site has never served",
        "{} paths of a technology that this site does not use, asked from this address",
        1,
    ),
    Feature(
        "client_malformed", "count", "the client's malformed requests", "{} malformed requests from this address", 1
    ),
    Feature(
        "client_login_failures",
        "count",
        "the client's failed logins in all its sessions",
        "{} failed logins from this address",
        1,
        source=JAVED,
    ),
    Feature(
        "client_login_successes",
        "count",
        "the client's logins that seem to have succeeded",
        "{} logins from this address seem to have succeeded",
        -1,
    ),
    Feature(
        "crowd",
        "count",
        "user agents at this address that load images with referrers or follow their pages' links: people who share it",
        "{} browsing people share this address",
        -1,
    ),
)

DAY = (
    Feature(
        "day_login_failures",
        "count",
        "the client's failed logins earlier in 24 hours, before this visit",
        "{} more failed logins in 24 h from this address",
        1,
        source=JAVED,
    ),
    Feature(
        "day_login_successes",
        "count",
        "the client's logins that seem to have succeeded, earlier in 24 hours",
        "{} more successful logins in 24 h from this address",
        -1,
    ),
    Feature(
        "day_probes",
        "count",
        "the client's distinct paths with signs of an attack, earlier in 24 hours (an estimate): what only attackers "
        "ask for, and what some sites have, that no page linked to and that was answered 403, 404 or 410",
        "{} more URLs with signs of an attack in 24 h from this address",
        1,
    ),
    Feature(
        "day_missing_paths",
        "count",
        "distinct paths that do not exist, earlier in 24 hours (an estimate)",
        "{} more paths that do not exist in 24 h from this address",
        1,
    ),
)

NOW = {
    "day_login_failures": ("client_login_failures",),
    "day_login_successes": ("client_login_successes",),
    "day_probes": ("client_probes", "client_knocks", "client_exploits", "client_shells"),
    "day_missing_paths": ("client_missing_paths",),
}
"""What of the day's counts this visit made."""

SITE = (
    Feature(
        "site_login_clients",
        "count",
        "addresses that fail to log in to the same site within 10 minutes (0 if this session does not)",
        "one of {} addresses that failed to log in within 10 min",
        1,
        source=JAVED,
    ),
    Feature(
        "unknown_share",
        "share",
        "requests for pages that this site has never served to anybody (0 where nothing is known of it)",
        "{} of pages asked are unknown to this site",
        1,
        is_habit=True,
    ),
)

CONTEXT: tuple[Feature, ...] = (*CLIENT, *DAY, *SITE)

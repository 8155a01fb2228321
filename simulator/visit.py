"""One visit to a site: a clock of its own, a browser's cache, and the requests that come of what the visitor does."""

from simulator.dice import Dice
from simulator.journal import NOBODY, Face, Journal, Request
from simulator.site import Site

OK, CREATED, FOUND, NOT_MODIFIED = 200, 201, 302, 304
BAD_REQUEST, UNAUTHORISED, FORBIDDEN, MISSING, BROKEN, BUSY = 400, 401, 403, 404, 500, 503
_REVALIDATED = 0.15
"""Share of cached files that a browser asks about again and gets 304 for."""
_TRIVIAL_BODY = 145


class Visit:
    """What one actor does on one site, from `at` (seconds since 1970) on; every request goes to the journal.

    Args:
        cache: Assets that the visitor's browser already has; what it fetches is added.
    """

    def __init__(
        self, site: Site, face: Face, dice: Dice, journal: Journal, *, at: float, cache: set[str] | None = None
    ) -> None:
        self.site = site
        self.face = face
        self.dice = dice
        self.at = at
        self.journal = journal
        self.cache = set() if cache is None else cache
        self.referrer = NOBODY

    def ask(self, method: str, url: str, status: int, *, size: int | None = None, referrer: str | None = None) -> None:
        """Send one request now; without `size` the body is what this site answers there."""
        if size is None:
            size = self._size(method, url, status)
        self.journal.append(
            Request(self.at, self.face, method, url, status, size, self.referrer if referrer is None else referrer)
        )

    def pause(self, median_seconds: float, sigma: float = 0.5) -> None:
        """Let time pass: log-normal, as people's pauses are."""
        self.at += self.dice.around(median_seconds, sigma)

    def page(self, url: str, status: int = OK) -> None:
        """Open a page as a browser does: the page, then the assets that it has not got."""
        self.ask("GET", url, status)
        here = self.site.origin + url
        arrived = self.at
        if status in (OK, MISSING):
            for asset in self.site.page_assets(url if status == OK else "/"):
                self._asset(asset, here)
        self.referrer = here
        self.at = max(self.at, arrived)

    def log_in(self, failures: int = 0, *, succeed: bool = True) -> None:
        """Open the login form, fail so many times, then succeed or give up."""
        site = self.site
        self.page(site.login)
        for _ in range(failures):
            self.pause(9)
            self.ask("POST", site.login, site.login_failure)
        if succeed:
            self.pause(8)
            self.ask("POST", site.login, site.login_success)
            self.at += self.dice.between(0.05, 0.4)

    def external_referrer(self) -> None:
        """Come from a search engine, another site or nowhere."""
        self.referrer = self.dice.weighted(
            {NOBODY: 4, "https://www.google.com/": 4, "https://www.bing.com/": 1, "https://news.example.net/links": 1}
        )

    def _asset(self, asset: str, here: str) -> None:
        if asset in self.cache:
            if self.dice.chance(_REVALIDATED):
                self.at += self.dice.between(0.005, 0.05)
                self.ask("GET", asset, NOT_MODIFIED, referrer=here)
            return
        self.at += self.dice.between(0.005, 0.12)
        self.ask("GET", asset, OK, referrer=here)
        self.cache.add(asset)

    def _size(self, method: str, url: str, status: int) -> int:
        if method == "HEAD" or status == NOT_MODIFIED:
            return 0
        if status == OK:
            return self.site.size(url.partition("?")[0])
        return self.site.missing_size if status == MISSING else _TRIVIAL_BODY

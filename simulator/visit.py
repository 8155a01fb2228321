"""One visit to a site: a clock of its own, a browser's cache, and the requests that come of what the visitor does."""

from simulator.dice import Dice
from simulator.journal import NOBODY, Face, Journal, Request
from simulator.site import Site

OK, CREATED, EMPTY, MOVED, FOUND, NOT_MODIFIED = 200, 201, 204, 301, 302, 304
BAD_REQUEST, UNAUTHORISED, FORBIDDEN, MISSING, NOT_ALLOWED, TIMED_OUT = 400, 401, 403, 404, 405, 408
TOO_MANY, GAVE_UP, BROKEN, BUSY = 429, 499, 500, 503
_REVALIDATED = 0.15
"""Share of cached files that a browser asks about again and gets 304 for."""
_TRIVIAL_BODY = 145
_ERROR_LINE = 120
"""How much longer the login form is when it says that the password was wrong."""


class Visit:
    """What one actor does on one site, from `at` (seconds since 1970) on; every request goes to the journal.

    Args:
        cache: Assets that the visitor's browser already has; what it fetches is added.

    Attributes:
        is_innocent: Whether what is asked now is nothing hostile, whoever asks.
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
        self.user = NOBODY
        self.is_innocent = False

    def ask(self, method: str, url: str, status: int, *, size: int | None = None, referrer: str | None = None) -> None:
        """Send one request now; without `size` the body is what this site answers there."""
        if size is None:
            size = self._size(method, url, status)
        named = self.referrer if referrer is None else referrer
        self.journal.append(
            Request(self.at, self.face, method, url, status, size, named, self.user, is_innocent=self.is_innocent)
        )

    def miss(self, method: str, url: str) -> None:
        """Ask for what is not there, and be answered as this site does."""
        status = self.site.missing
        shown = self.site.size("/") if status == OK and method != "HEAD" else None
        self.ask(method, url, status, size=shown)

    def pause(self, median_seconds: float, sigma: float = 0.5) -> None:
        """Let time pass: log-normal, as people's pauses are."""
        self.at += self.dice.around(median_seconds, sigma)

    def page(self, url: str, status: int = OK) -> None:
        """Open a page as a browser does: the page, then the assets that it has not got, then what scripts ask for."""
        site = self.site
        if site.redirects and self.referrer == NOBODY and self.dice.chance(0.3):
            self.ask("GET", url, MOVED, size=169)
            self.at += self.dice.between(0.01, 0.2)
        self.ask("GET", url, status)
        here = site.origin + url
        arrived = self.at
        if status in (OK, MISSING):
            for asset in site.page_assets(url if status == OK else "/"):
                self._asset(asset, here)
            for _ in range(self.dice.whole(1, 6) if site.api and site.style != "api" else 0):
                self.at += self.dice.between(0.005, 0.2)
                self.ask("GET", self.dice.favourite(site.api), OK, referrer=here)
        self.referrer = here
        self.at = max(self.at, arrived)

    def attempt(self, *, succeed: bool) -> None:
        """Post credentials once; a browser that is sent back to the form asks for it."""
        site = self.site
        status = site.login_success if succeed else site.login_failure
        grown = site.size(site.login) + _ERROR_LINE if status == OK and not site.api else None
        self.ask("POST", site.login, status, size=grown)

    def log_in(self, failures: int = 0, *, succeed: bool = True) -> None:
        """Open the login form, fail so many times, then succeed or give up."""
        site = self.site
        self.page(site.login)
        for _ in range(failures):
            self.pause(9)
            self.attempt(succeed=False)
            if site.login_failure in (FOUND, 303):
                self.at += self.dice.between(0.02, 0.3)
                self.ask("GET", site.login, OK)
        if succeed:
            self.pause(8)
            self.attempt(succeed=True)
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
        if method == "HEAD" or status in (EMPTY, NOT_MODIFIED, TIMED_OUT, GAVE_UP):
            return 0
        if status == OK:
            return self.site.size(url.partition("?")[0])
        return self.site.missing_size if status == MISSING else _TRIVIAL_BODY

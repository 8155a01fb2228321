"""The web site that is visited: its pages, assets, login and habits; each site a little different."""

from dataclasses import dataclass
from math import exp
from zlib import crc32

from simulator.dice import Dice
from simulator.styles import api_paths, asset_paths, is_wordpress, login_of, page_paths
from simulator.wordlist import entries

STYLES = ("shop", "blog", "api", "company", "spa", "static", "intranet", "forum")


@dataclass(frozen=True)
class Site:
    """A web site. Paths are absolute; `pages` come most popular first.

    Attributes:
        login_failure: Status of a refused login: 400, 401, 403, 422, 200 for the form shown again, or a redirect to it.
        login_success: A redirect, 200, 201 or 204.
        search: Path of the search; `search_field` is its parameter.
        blocks_payloads: Whether something in front refuses URLs with attack signs.
        missing: Status of what is not there: 404, 403, a redirect to the front page, or 200 and the front page, as a
            single-page application answers whatever is asked.
        is_wordpress: Whether its login, assets and admin's background requests are WordPress's.
        shows_assets: Whether its assets are in the log; not where another network delivers them.
        redirects: Whether who comes without TLS is answered 301, in the same log.
        tools: Administration tools that answer 200 to the developer, e.g. ``/phpmyadmin/``.
        picture: Where its pictures lie; ``{}`` is the name.
    """

    domain: str
    style: str
    pages: tuple[str, ...]
    assets: tuple[str, ...]
    api: tuple[str, ...]
    login: str
    login_success: int
    login_failure: int
    search: str
    feed: str
    missing_size: int
    blocks_payloads: bool
    search_field: str = "q"
    missing: int = 404
    is_wordpress: bool = False
    shows_assets: bool = True
    redirects: bool = False
    tools: tuple[str, ...] = ()
    picture: str = "/img/{}.jpg"

    @property
    def origin(self) -> str:
        """The site's address as its own pages' referrers show it."""
        return f"https://{self.domain}"

    @property
    def has_login(self) -> bool:
        """Whether anybody can log in here."""
        return self.style != "static"

    def size(self, path: str) -> int:
        """Return the body's size in bytes of a path, always the same for the same path."""
        noise = (crc32(f"{self.domain}{path}".encode()) % 10_000) / 10_000 - 0.5
        median = 60_000 if path.endswith((".jpg", ".png", ".webp")) else 18_000
        return int((1_500 if path in self.api else median) * exp(2.4 * noise))

    def page_assets(self, path: str) -> tuple[str, ...]:
        """Return what a browser asks for after the page: the site's common files and two or three pictures."""
        if not self.shows_assets:
            return ()
        mark = crc32(path.encode())
        words = entries("words")
        pictures = tuple(self.picture.format(words[(mark >> shift) % len(words)]) for shift in range(2 + mark % 2))
        return (*self.assets, *pictures)

    def searched(self, words: str) -> str:
        """Return the URL of a search for words that are percent-encoded already."""
        return f"{self.search}?{self.search_field}={words}"


def build_site(dice: Dice, style: str, domain: str, *, pages: int = 120) -> Site:
    """Return a site of the given style with its own paths, login and habits."""
    login = login_of(dice, style)
    wordpress = is_wordpress(login.path)
    field = "s" if wordpress else dice.pick(("q", "q", "query", "term"))
    missing = dice.weighted({404: 85, 403: 3, 302: 6, 200: 6})
    return Site(
        domain=domain,
        style=style,
        pages=page_paths(dice, style, pages),
        assets=asset_paths(dice, style, wordpress=wordpress),
        api=api_paths(dice, style),
        login=login.path,
        login_success=login.success,
        login_failure=login.failure,
        search="/" if wordpress else dice.pick(("/search", "/suche", "/find")),
        feed="/feed/" if wordpress else dice.pick(("/feed", "/rss.xml", "/atom.xml", "/feed/")),
        missing_size=dice.pick((153, 548, 1_245, 9_310)),
        blocks_payloads=dice.chance(0.3),
        search_field=field,
        missing=(200 if dice.chance(0.7) else 404) if style == "spa" else missing,
        is_wordpress=wordpress,
        shows_assets=dice.chance(0.88),
        redirects=dice.chance(0.3),
        tools=dice.pick(((), (), ("/phpmyadmin/",), ("/adminer.php",), ("/admin/", "/server-status"))),
        picture="/wp-content/uploads/2025/04/{}.jpg" if wordpress else "/img/{}.jpg",
    )


def demo_site() -> Site:
    """Return the site of the demo: what the live www server serves and what its simulated history is about."""
    dice = Dice(20, 26)
    return Site(
        domain="www.example.org",
        style="shop",
        pages=page_paths(dice, "shop", 150),
        assets=("/css/site.css", "/js/app.js", "/img/logo.png"),
        api=(),
        login="/login",
        login_success=302,
        login_failure=401,
        search="/search",
        feed="/feed.xml",
        missing_size=153,
        blocks_payloads=False,
    )


def all_images() -> tuple[str, ...]:
    """Return every picture that any page may show."""
    return tuple(f"/img/{word}.jpg" for word in entries("words"))

"""The web site that is visited: its pages, assets, login and habits; each site a little different."""

from dataclasses import dataclass
from math import exp
from zlib import crc32

from simulator.dice import Dice
from simulator.wordlist import entries

_LOGINS = ("/login", "/wp-login.php", "/user/login", "/account/signin", "/api/auth/login")
STYLES = ("shop", "blog", "api", "company")


@dataclass(frozen=True)
class Site:
    """A web site. Paths are absolute; `pages` come most popular first.

    `login_failure` is the status of a refused login: 401, 403, or 200 for the form shown again; `login_success` is
    302 or 200.
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

    @property
    def origin(self) -> str:
        """The site's address as its own pages' referrers show it."""
        return f"https://{self.domain}"

    def size(self, path: str) -> int:
        """Return the body's size in bytes of a path, always the same for the same path."""
        noise = (crc32(f"{self.domain}{path}".encode()) % 10_000) / 10_000 - 0.5
        median = 60_000 if path.endswith((".jpg", ".png", ".webp")) else 18_000
        return int((1_500 if path in self.api else median) * exp(2.4 * noise))

    def page_assets(self, path: str) -> tuple[str, ...]:
        """Return what a browser asks for after the page: the site's common files and two or three pictures."""
        mark = crc32(path.encode())
        words = entries("words")
        pictures = tuple(f"/img/{words[(mark >> shift) % len(words)]}.jpg" for shift in range(2 + mark % 2))
        return (*self.assets, *pictures)


def build_site(dice: Dice, style: str, domain: str, *, pages: int = 120) -> Site:
    """Return a site of the given style with its own paths, login and habits."""
    return Site(
        domain=domain,
        style=style,
        pages=_pages(dice, style, pages),
        assets=_assets(dice),
        api=tuple(f"/api/v{dice.whole(1, 3)}/{word}" for word in dice.shuffled(entries("words"))[:8])
        if style == "api"
        else (),
        login=dice.pick(_LOGINS),
        login_success=dice.pick((302, 302, 200)),
        login_failure=dice.pick((401, 401, 403, 200)),
        search=dice.pick(("/search", "/suche", "/find")),
        feed=dice.pick(("/feed", "/rss.xml", "/atom.xml", "/feed/")),
        missing_size=dice.pick((153, 548, 1_245, 9_310)),
        blocks_payloads=dice.chance(0.3),
    )


def demo_site() -> Site:
    """Return the site of the demo: what the live www server serves and what its simulated history is about."""
    dice = Dice(20, 26)
    return Site(
        domain="www.example.org",
        style="shop",
        pages=_pages(dice, "shop", 150),
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


def _pages(dice: Dice, style: str, count: int) -> tuple[str, ...]:
    words = dice.shuffled(entries("words"))
    if style == "shop":
        section = dice.pick(("product", "item", "p"))
        pages = [f"/{section}/{number}" for number in range(100, 100 + count)]
        pages += [f"/category/{word}" for word in words[:12]]
    elif style == "blog":
        pages = [f"/{dice.whole(2021, 2026)}/{dice.whole(1, 12):02d}/{_title(dice)}" for _ in range(count)]
        pages += [f"/tag/{word}" for word in words[:10]]
    elif style == "api":
        pages = [f"/docs/{word}" for word in words[: count // 3]]
    else:
        pages = [f"/{dice.pick(('services', 'news', 'team', 'jobs'))}/{_title(dice)}.html" for _ in range(count // 2)]
    return tuple(dict.fromkeys(["/", *dice.shuffled(pages), "/about", "/contact"]))


def _title(dice: Dice) -> str:
    return "-".join(dice.pick(entries("words")) for _ in range(3))


def _assets(dice: Dice) -> tuple[str, ...]:
    version = f"{dice.whole(1, 9)}.{dice.whole(0, 20)}"
    scripts = tuple(
        f"/{dice.pick(('js', 'static', 'assets'))}/{word}.js"
        for word in dice.shuffled(entries("words"))[: dice.whole(1, 4)]
    )
    return (f"/css/main.css?v={version}", *scripts, "/img/logo.png")

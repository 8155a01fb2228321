"""What the sites of each style are made of: the paths of their pages, assets and interfaces, and how they log in.

Logins answer as their engines do: WordPress and many PHP forms show the form again with 200, frameworks answer 401, 403
or 422 to interfaces, and some redirect back to the form.
"""

from dataclasses import dataclass

from simulator.dice import Dice
from simulator.wordlist import entries


@dataclass(frozen=True, slots=True)
class Login:
    """Where a site takes credentials, and its answers to right and to wrong ones."""

    path: str
    success: int
    failure: int


_WORDPRESS = Login("/wp-login.php", 302, 200)
_LOGINS = {
    "shop": (
        Login("/login", 302, 200),
        Login("/account/signin", 302, 401),
        Login("/customer/account/loginPost/", 302, 302),
        Login("/login", 302, 422),
    ),
    "blog": (_WORDPRESS, _WORDPRESS, Login("/user/login", 303, 200)),
    "company": (_WORDPRESS, Login("/administrator/index.php", 303, 303), Login("/login", 302, 403)),
    "api": (Login("/api/auth/login", 200, 401), Login("/oauth/token", 200, 400), Login("/api/v1/session", 201, 401)),
    "spa": (Login("/api/login", 200, 401), Login("/api/auth/login", 204, 401), Login("/auth/token", 200, 403)),
    "static": (Login("/login", 405, 405),),
    "intranet": (Login("/j_security_check", 302, 302), Login("/users/sign_in", 302, 422), Login("/login", 302, 401)),
    "forum": (Login("/login", 303, 200), Login("/ucp.php?mode=login", 302, 200), Login("/session", 200, 401)),
}
"""Of each style, the logins that its sites may have; a static site has none and refuses the method."""


def login_of(dice: Dice, style: str) -> Login:
    """Return one of the style's logins."""
    return dice.pick(_LOGINS[style])


def is_wordpress(login: str) -> bool:
    """Return whether a site with this login is WordPress."""
    return login == _WORDPRESS.path


def page_paths(dice: Dice, style: str, count: int) -> tuple[str, ...]:
    """Return a site's pages, the front page first and the rest in the order of their popularity."""
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
    elif style == "forum":
        script = dice.pick(("/viewtopic.php?t={}", "/t/{}", "/threads/{}/"))
        pages = [script.format(dice.whole(100, 99_999)) for _ in range(count)]
        pages += [f"/viewforum.php?f={number}" for number in range(1, 9)]
    elif style == "intranet":
        pages = [f"/{dice.pick(('issues', 'projects', 'app/ticket', 'reports'))}/{number}" for number in range(count)]
    elif style == "spa":
        pages = [f"/{word}" for word in words[: max(8, count // 8)]]
    elif style == "static":
        pages = [f"/{dice.pick(('guide', 'reference', 'posts'))}/{_title(dice)}{_end(dice)}" for _ in range(count)]
    else:
        pages = [f"/{dice.pick(('services', 'news', 'team', 'jobs'))}/{_title(dice)}.html" for _ in range(count // 2)]
    return tuple(dict.fromkeys(["/", *dice.shuffled(pages), "/about", "/contact"]))


def asset_paths(dice: Dice, style: str, *, wordpress: bool = False) -> tuple[str, ...]:
    """Return the files that every page of a site needs."""
    version = f"{dice.whole(1, 9)}.{dice.whole(0, 20)}"
    words = dice.shuffled(entries("words"))
    if wordpress:
        theme = f"/wp-content/themes/{words[0]}"
        plugins = tuple(
            f"/wp-content/plugins/{name}/assets/{dice.pick(('style.css', 'script.js'))}?ver={version}"
            for name in dice.shuffled(entries("plugins"))[: dice.whole(0, 6)]
        )
        files = (f"{theme}/style.css?ver={version}", f"/wp-includes/js/jquery/jquery.min.js?ver=3.{dice.whole(5, 7)}")
        return (*files, *plugins, f"{theme}/logo.png")
    if style == "spa":
        mark = f"{dice.whole(0, 2**32):08x}"
        return (f"/assets/index-{mark}.js", f"/assets/index-{mark}.css", "/assets/logo.svg", "/manifest.webmanifest")
    folder = dice.pick(("js", "static", "assets"))
    scripts = tuple(f"/{folder}/{word}.js" for word in words[: dice.whole(1, 8)])
    return (f"/css/main.css?v={version}", *scripts, "/img/logo.png")


def api_paths(dice: Dice, style: str) -> tuple[str, ...]:
    """Return the interfaces of a site, which its pages or programs ask; none where it has none."""
    if style not in ("api", "spa", "intranet"):
        return ()
    base = dice.pick((f"/api/v{dice.whole(1, 3)}", "/api", "/rest"))
    return tuple(f"{base}/{word}" for word in dice.shuffled(entries("words"))[: dice.whole(5, 12)])


def _title(dice: Dice) -> str:
    return "-".join(dice.pick(entries("words")) for _ in range(3))


def _end(dice: Dice) -> str:
    return dice.pick((".html", ".html", "/"))

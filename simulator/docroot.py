"""The demo site as files: pages that link to each other, assets and pictures of the right sizes."""

from html import escape
from pathlib import Path

from simulator.site import Site, all_images

_PAGES = ("/search", "/account", "/account/reset", "/cart", "/checkout", "/checkout/done")
_GALLERY = 160
_LINKS = 12
_FILLER = "<p>All of this is made up: the shop, its goods and its customers.</p>\n"


def write_docroot(site: Site, folder: Path) -> None:
    """Write the site's files below a folder; what is there already is kept.

    `/about` becomes ``about.html`` and `/` ``index.html``, as the servers look them up.
    """
    for number, path in enumerate((*site.pages, site.login, *_PAGES)):
        _put(folder, _file_name(path), _page(site, path, number).encode())
    for path in site.assets:
        _put_size(folder, path, site.size(path))
    for path in (*all_images(), *(f"/img/gallery/{number:03d}.jpg" for number in range(_GALLERY))):
        _put_size(folder, path, site.size(path))
    _put(folder, "/robots.txt", b"User-agent: *\nDisallow: /account\nDisallow: /cart\n")
    _put(folder, site.feed, _feed(site).encode())


def _file_name(path: str) -> str:
    return "/index.html" if path == "/" else f"{path}.html"


def _page(site: Site, path: str, number: int) -> str:
    title = escape(path.strip("/") or "home")
    linked = [site.pages[(number + step) % len(site.pages)] for step in range(_LINKS)]
    links = "".join(f'<li><a href="{escape(link)}">{escape(link)}</a></li>\n' for link in linked)
    form = (
        f'<form method="post" action="{escape(site.login)}">'
        '<input name="username"><input name="password" type="password"><button>Log in</button></form>\n'
    )
    start = "<!doctype html>\n<html lang=en><meta charset=utf-8>"
    head = f"{start}<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n{links}</ul>\n"
    body = head + (form if path == site.login else "")
    return body + _FILLER * max(0, (site.size(path) - len(body)) // len(_FILLER))


def _feed(site: Site) -> str:
    items = "".join(f"<item><link>{escape(site.origin + page)}</link></item>\n" for page in site.pages[:20])
    return f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>News</title>\n{items}</channel></rss>\n'


def _put(folder: Path, name: str, content: bytes) -> None:
    target = folder / name.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.write_bytes(content)


def _put_size(folder: Path, path: str, size: int) -> None:
    name = path.partition("?")[0]
    _put(folder, name, b"")
    # A hole of the right size: a picture needs a length here, not a content.
    with (folder / name.lstrip("/")).open("r+b") as file:
        file.truncate(size)

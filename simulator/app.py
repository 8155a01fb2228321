"""The demo site's little application: login, cart, and all files where no nginx is there to serve them.

It is its own web server on aiohttp. With a log it writes nginx's combined format; behind nginx it writes none.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from mimetypes import guess_type
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote

from aiohttp import web

from core.clock import Clock
from simulator.render import escape_value
from simulator.site import Site
from simulator.visit import BAD_REQUEST, FOUND, MISSING, NOT_MODIFIED

PASSWORD = "correct-horse"  # noqa: S105 - the made-up site's only password; it protects nothing
_NOT_ALLOWED = 405
_REDIRECTS = {
    ("GET", "/logout"): "/",
    ("POST", "/cart/add"): "/cart",
    ("POST", "/checkout"): "/checkout/done",
    ("POST", "/account/reset"): "/login",
}
DYNAMIC_PATHS = tuple(sorted({path for _, path in _REDIRECTS}))
"""What a server in front must leave to the application, besides the login."""
_TIME = "%d/%b/%Y:%H:%M:%S +0000"


@dataclass
class App:
    """Answers requests for the demo site.

    Args:
        site: Whose login it is.
        docroot: Its files, as `simulator.docroot` writes them; read once, so no path leads out of it.
        log: Where access lines go; none behind another server.
        trusted: Networks whose X-Forwarded-For is believed.
        clock: For the times in the log.
    """

    site: Site
    docroot: Path
    log: TextIO | None = None
    trusted: Sequence[str] = ("127.0.0.0/8",)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text) for text in self.trusted]
        self._files: dict[str, Path] = {}
        for file in self.docroot.rglob("*"):
            if file.is_file():
                name = f"/{file.relative_to(self.docroot).as_posix()}"
                self._files[name] = file
                self._files["/" if name == "/index.html" else name.removesuffix(".html")] = file

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request and write its line."""
        try:
            response = await self._respond(request)
        except (web.HTTPException, ValueError):  # the form is too big or none: an answer and a line all the same
            response = _plain(BAD_REQUEST)
        if self.log is not None:
            body = response.body
            size = 0 if request.method == "HEAD" or not isinstance(body, bytes) else len(body)
            self.log.write(self._line(request, response.status, size) + "\n")
            self.log.flush()
        return response

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        path = posixpath.normpath(unquote(request.raw_path.partition("?")[0]))
        if "\x00" in path or request.raw_path.startswith("/.."):
            return _plain(BAD_REQUEST)
        if request.method == "POST" and path == self.site.login:
            return await self._log_in(request)
        if (request.method, path) in _REDIRECTS:
            return _plain(FOUND, Location=_REDIRECTS[request.method, path])
        file = self._files.get(path)
        return _plain(MISSING) if file is None else _file(request, file)

    async def _log_in(self, request: web.BaseRequest) -> web.Response:
        form = await request.post()
        if form.get("password") == PASSWORD:
            return _plain(self.site.login_success, Location="/account")
        return web.Response(
            status=self.site.login_failure, body=self._files[self.site.login].read_bytes(), content_type="text/html"
        )

    def _line(self, request: web.BaseRequest, status: int, size: int) -> str:
        time = self.clock.now().strftime(_TIME)
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        asked = f"{escape_value(request.method)} {escape_value(request.raw_path)} {version}"
        referrer = escape_value(request.headers.get("Referer", "")) or "-"
        agent = escape_value(request.headers.get("User-Agent", "")) or "-"
        return f'{self._client(request)} - - [{time}] "{asked}" {status} {size} "{referrer}" "{agent}"'

    def _client(self, request: web.BaseRequest) -> str:
        peer = ip_address(request.remote or "127.0.0.1")
        if not any(peer in network for network in self._networks):
            return str(peer)
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        try:
            return str(ip_address(forwarded))
        except ValueError:
            return str(peer)


def _file(request: web.BaseRequest, file: Path) -> web.Response:
    if request.method not in ("GET", "HEAD"):
        return _plain(_NOT_ALLOWED)
    if "If-Modified-Since" in request.headers:
        return web.Response(status=NOT_MODIFIED)
    return web.Response(body=file.read_bytes(), content_type=guess_type(file.name)[0] or "text/html")


def _plain(status: int, **headers: str) -> web.Response:
    return web.Response(status=status, text=f"{status}\n", headers=headers)

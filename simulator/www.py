"""A real www server for the simulated visitors: nginx where it is installed, else a small one of our own."""

import logging
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TextIO

from aiohttp import web

from core.clock import Clock
from simulator.app import App
from simulator.docroot import write_docroot
from simulator.errors import SimulatorError
from simulator.loop import LoopThread
from simulator.nginx import Nginx, find_nginx, render_config
from simulator.site import Site, demo_site

Server = Literal["auto", "nginx", "own"]

_ATTEMPTS = 3
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_log = logging.getLogger(__name__)


class Www:
    """A web server with the demo site, a login that works, and an access log in nginx's combined format.

    Start it from a thread that lives as long as the server should: nginx ends with that thread.

    Args:
        folder: Run folder; gets the site's files, the configuration and `access.log`, which grows over restarts.
        port: Port; 0 picks a free one.
        server: "nginx", "own", or "auto" for nginx where it is installed.
        host: Address to listen on.
        trusted: Networks whose X-Forwarded-For is believed.
        site: The site; without one, the demo's.
        clock: For times and waiting.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        server: Server = "auto",
        *,
        host: str = "127.0.0.1",
        trusted: Sequence[str] = _LOOPBACK,
        site: Site | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder
        self.port = port
        self.host = host
        self.server: Server = server
        self.access_log = folder / "access.log"
        self._fixed_port = port
        self._trusted = trusted
        self._site = site or demo_site()
        self._clock = clock or Clock()
        self._loop: LoopThread | None = None
        self._runner: web.ServerRunner | None = None
        self._log_file: TextIO | None = None
        self._nginx: Nginx | None = None

    def start(self) -> Self:
        """Write the site and serve it.

        Raises:
            SimulatorError: nginx is asked for and missing, the port is taken, or the folder cannot be written.
        """
        binary = None if self.server == "own" else find_nginx()
        if self.server == "nginx" and binary is None:
            raise SimulatorError("cannot start nginx: it is not installed", "install it, or serve with --server own")
        self.server = "nginx" if binary else "own"
        try:
            write_docroot(self._site, self.folder / "docroot")
            self.access_log.touch()
            self._loop = LoopThread("www")
            if binary:
                self._start_nginx(binary)
            else:
                self._log_file = self.access_log.open("a", encoding="ascii")
                self.port = self._serve(self.host, self._fixed_port, self._log_file)
        except OSError as error:
            self.stop()
            raise SimulatorError(
                f"cannot serve on {self.host}:{self._fixed_port} from {self.folder}: {error.strerror or error}",
                "choose another port or folder",
            ) from error
        except SimulatorError:
            self.stop()
            raise
        _log.info("%s serves %s, log %s", self.server, self.url, self.access_log)
        return self

    def stop(self) -> None:
        """End the server and everything that belongs to it; harmless when it does not run."""
        if self._nginx:
            self._nginx.stop()
        if self._loop:
            if self._runner:
                self._loop.run(self._runner.cleanup())
            self._loop.close()
        if self._log_file:
            self._log_file.close()
        self._nginx = self._loop = self._runner = self._log_file = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The server's address, e.g. ``http://127.0.0.1:8080``."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of nginx while it runs; None for our own server, which is a thread."""
        return self._nginx.pid if self._nginx else None

    def lines_written(self) -> int:
        """Return how many lines the access log has."""
        with self.access_log.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def _start_nginx(self, binary: str) -> None:
        app_port = self._serve("127.0.0.1", 0, None)
        host = f"[{self.host}]" if ":" in self.host else self.host
        for attempt in range(_ATTEMPTS):
            self.port = self._fixed_port or _free_port(self.host)
            config = render_config(
                listen=f"{host}:{self.port}", app_port=app_port, login=self._site.login, trusted=self._trusted
            )
            (self.folder / "nginx.conf").write_text(config, encoding="utf-8")
            self._nginx = Nginx(binary, self.folder, self._clock)
            try:
                self._nginx.start(self.host, self.port)
            except SimulatorError:
                # Somebody else may have taken the free port in the meantime.
                if self._fixed_port or attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _serve(self, host: str, port: int, log: TextIO | None) -> int:
        assert self._loop is not None  # noqa: S101 - start() made it; for the type checker
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
        app = App(self._site, self.folder / "docroot", log, self._trusted, self._clock)
        self._runner = self._loop.run(_listen(app, listener))
        bound: int = listener.getsockname()[1]
        return bound


async def _listen(app: App, listener: socket.socket) -> web.ServerRunner:
    runner = web.ServerRunner(web.Server(app.answer, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


def _free_port(host: str) -> int:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        port: int = probe.getsockname()[1]
        return port

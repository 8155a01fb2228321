"""A real nginx of our own: its configuration in a run folder, an unprivileged port, no file of the system touched."""

import logging
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from core.clock import Clock
from simulator.app import DYNAMIC_PATHS
from simulator.errors import SimulatorError
from simulator.tether import tethered

_STOP_SECONDS = 5.0
_START_SECONDS = 10.0
_SYSTEM_PLACES = "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin"
"""Where nginx lies when an ordinary user's PATH does not name it."""
_CONFIG = """\
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log access.log combined;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    default_type text/html;
    types {{
        text/html html; text/css css; text/xml xml; text/plain txt;
        application/javascript js; image/png png; image/jpeg jpg;
    }}
    {trusted}
    real_ip_header X-Forwarded-For;
    keepalive_requests 100000;
    if_modified_since before;
    server {{
        listen {listen};
        root docroot;
        location / {{ try_files $uri $uri.html =404; }}
        location = / {{ try_files /index.html =404; }}
        {proxied}
    }}
}}
"""
_log = logging.getLogger(__name__)


def find_nginx() -> str | None:
    """Return the path of the installed nginx, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path=_SYSTEM_PLACES)


def render_config(*, listen: str, app_port: int, login: str, trusted: Sequence[str]) -> str:
    """Return nginx's configuration; all its paths are relative to the run folder, so none needs quoting.

    Args:
        listen: Address and port, e.g. ``127.0.0.1:8080``.
        app_port: Where on loopback the application answers.
        login: Path of the login.
        trusted: Networks whose X-Forwarded-For is believed.
    """
    proxy = f"proxy_pass http://127.0.0.1:{app_port}; proxy_set_header Host $host;"
    paths = dict.fromkeys((login, *DYNAMIC_PATHS))
    return _CONFIG.format(
        # Else root's workers would become somebody who cannot read the folder.
        user=f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else "",
        trusted="\n    ".join(f"set_real_ip_from {network};" for network in trusted),
        listen=listen,
        proxied="\n        ".join(f"location = {path} {{ {proxy} }}" for path in paths),
    )


class Nginx:
    """An nginx that runs in the foreground under us, and ends with us.

    Args:
        binary: Path of nginx.
        folder: Its run folder, with `nginx.conf` and `docroot` in it.
        clock: For waiting.
    """

    def __init__(self, binary: str, folder: Path, clock: Clock) -> None:
        self._binary = binary
        self._folder = folder
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, host: str, port: int) -> None:
        """Start it and wait until it answers.

        Raises:
            SimulatorError: It ended, or does not answer, with the last line that it said; or the folder's name has a $.
        """
        if "$" in str(self._folder.resolve()):
            # nginx would take it for a variable and has no way to escape it.
            raise SimulatorError(f"nginx cannot run in {self._folder}: there is a $ in its name", "use another folder")
        (self._folder / "temp").mkdir(exist_ok=True)
        command = [self._binary, "-p", f"{self._folder.resolve()}/", "-c", "nginx.conf"]
        with (self._folder / "nginx.out").open("wb") as out:
            self._process = subprocess.Popen(
                tethered(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        deadline = self._clock.monotonic() + _START_SECONDS
        while not _answers(host, port) or not (self._folder / "nginx.pid").exists():
            if self._process.poll() is not None or self._clock.monotonic() > deadline:
                self.stop()
                raise SimulatorError(f"nginx does not start in {self._folder}: {self._last_words()}", "correct that")
            self._clock.sleep(0.02)
        _log.info("nginx %s answers on port %d", self._process.pid, port)

    def stop(self) -> None:
        """End it with its workers; harmless when it does not run."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _, stuck = psutil.wait_procs(family, timeout=1.0)
        for worker in stuck:
            worker.kill()

    @property
    def pid(self) -> int | None:
        """The master's process id while it runs."""
        return self._process.pid if self._process else None

    def _last_words(self) -> str:
        # nginx says some things on stderr only and repeats the rest there.
        lines = (self._folder / "nginx.out").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"


def _answers(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0

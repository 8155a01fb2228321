"""Plays simulated requests against a server at their times, from a thread with an event loop."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from core.clock import Clock
from simulator.app import PASSWORD
from simulator.errors import SimulatorError
from simulator.journal import NOBODY, Request
from simulator.loop import LoopThread
from simulator.site import Site
from simulator.visit import NOT_MODIFIED

_CONNECTIONS = 32
_ANSWER_SECONDS = 10.0
_LONG_AGO_UNCHANGED = "Fri, 31 Dec 2100 23:59:59 GMT"
"""An If-Modified-Since that every file is older than."""
_log = logging.getLogger(__name__)


class Player:
    """Sends requests as they stand in a journal; nothing of a browser is added: no redirects, no cookies, no encodings.

    Args:
        url: The server's address without a path.
        site: Its login is the one that passwords are sent to.
        clock: For the times told to `on_answer`.
    """

    def __init__(self, url: str, site: Site, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._site = site
        self._clock = clock
        self._thread: LoopThread | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.failed = 0

    def start(self) -> None:
        """Start the thread.

        Raises:
            SimulatorError: Nobody answers at the address.
        """
        parts = urlsplit(self._url)
        try:
            socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_ANSWER_SECONDS).close()
        except OSError as error:
            hint = "start the server first, e.g. with `wwwatch simulate www`"
            raise SimulatorError(f"nobody answers at {self._url}: {error.strerror or error}", hint) from error
        self._thread = LoopThread("visitors")
        self._session = self._thread.run(_open_session())

    def check_running(self) -> None:
        """Raise SimulatorError unless the thread runs."""
        if self._thread is None:
            raise SimulatorError("cannot send requests: the traffic is not started", "call start() first")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background, from any thread."""
        if self._thread is None:
            work.close()
            self.check_running()
        else:
            self._thread.loop.call_soon_threadsafe(self.spawn_here, work)

    def spawn_here(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background, from within the loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Send nothing more, wait for the answers that are under way, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.run(self._wind_up())
        thread.close()

    async def play(self, journal: Sequence[Request], on_answer: Callable[[datetime], None] | None = None) -> None:
        """Send requests one after another, each at its `at`; the clock of `at` starts now at 0.

        Args:
            journal: Sorted by `at`.
            on_answer: Called with the aware time at which each answered request was sent.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        for request in journal:
            await asyncio.sleep(max(0.0, began + request.at - loop.time()))
            sending = loop.create_task(self._send(request, on_answer))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            # What is under way is finished and counted even when we are told to stop.
            await asyncio.shield(sending)

    async def _send(self, request: Request, on_answer: Callable[[datetime], None] | None) -> None:
        assert self._session is not None  # noqa: S101 - start() opened it; for the type checker
        moment = self._clock.now()
        url = URL(self._url + request.url, encoded=True)
        try:
            async with self._session.request(
                request.method, url, headers=_headers(request), data=self._form(request), allow_redirects=False
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed += 1
            _log.log(logging.WARNING if self.failed == 1 else logging.DEBUG, "no answer: %s", type(error).__name__)
            return
        self.sent += 1
        if on_answer:
            on_answer(moment)

    def _form(self, request: Request) -> dict[str, str] | None:
        if request.method != "POST" or request.url != self._site.login:
            return None
        right = request.status == self._site.login_success
        return {"username": "user", "password": PASSWORD if right else f"guess-{self.sent}"}

    async def _wind_up(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sending:
            await asyncio.wait(self._sending, timeout=_ANSWER_SECONDS)
        if self._session:
            await self._session.close()


def _headers(request: Request) -> dict[str, str]:
    headers = {"X-Forwarded-For": request.face.client, "Host": request.face.domain}
    if request.face.agent != NOBODY:
        headers["User-Agent"] = request.face.agent
    if request.referrer != NOBODY:
        headers["Referer"] = request.referrer
    if request.status == NOT_MODIFIED:
        headers["If-Modified-Since"] = _LONG_AGO_UNCHANGED
    return headers


async def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        auto_decompress=False,
    )

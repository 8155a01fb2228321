"""The only place that speaks HTTP to others than Elasticsearch: bounded in time and size, without redirects."""

import logging
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError, NewConnectionError, SSLError

from alerts.channels.patience import POOLS
from alerts.channels.request import Request
from core.clock import Clock
from core.errors import WebError
from core.text import visible

log = logging.getLogger(__name__)

_CHUNK = 65_536
_MOST_BYTES = 10_000_000
_LATER = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
"""With all of 5xx: what may go well later. Source: RFC 9110, 15.5.9 and 15.6; RFC 8470; RFC 6585."""
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        headers: By lower-case name.
        body: Its content, decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Web:
    """Sends requests over connections that are kept for the next one, and closed at the end.

    Args:
        clock: The time.
        ca_certs: PEM file of an authority to trust beside the system's.

    Raises:
        WebError: The file cannot be used (when the first request is sent).
    """

    def __init__(self, clock: Clock, ca_certs: Path | None = None) -> None:
        self._clock = clock
        self._ca_certs = ca_certs
        self._pools: dict[str, urllib3.PoolManager] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.clear()
        self._pools.clear()

    def ask(self, request: Request, most_bytes: int = _MOST_BYTES) -> Answer:
        """Send a request and return its answer, whatever its status.

        Args:
            request: What to send.
            most_bytes: An answer that is larger is an error.

        Raises:
            WebError: There was no answer, or it was too large.
        """
        try:
            return self._ask(request, most_bytes)
        except (MaxRetryError, NewConnectionError, SSLError) as error:
            reason = getattr(error, "reason", None) or error
            raise self._failed(request, reason if isinstance(reason, Exception) else error) from error
        except (HTTPError, OSError) as error:
            raise self._failed(request, error) from error
        except ValueError as error:  # a header or address that cannot be written
            raise WebError(
                f"cannot send a request to {request.where}: {visible(error)}", "correct the watch"
            ) from error

    def call(self, request: Request) -> Answer:
        """Send a request that is done when the answer is 2xx.

        Raises:
            WebError: It is not; retryable where the status, or no answer at all, says that it may be later.
        """
        answer = self.ask(request, _CHUNK)
        status = answer.status
        if status // 100 == 2:  # noqa: PLR2004 - success
            return answer
        said = visible(" ".join(answer.body.decode("utf-8", "replace").split()))
        reason = f"{request.where} answered {status}{': ' + said if said else ''}"
        if status in _REDIRECTS:
            raise WebError(f"{reason}; redirects are not followed", "write the address that it leads to")
        if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            after = _wish(answer.headers.get("retry-after", ""), self._clock.now())
            raise WebError(reason, "it is tried again later", retryable=True, retry_after=after)
        raise WebError(reason, "correct the request, or what it goes to")

    def _ask(self, request: Request, most_bytes: int) -> Answer:
        deadline = self._clock.monotonic() + request.connect_seconds + request.read_seconds
        response = self._pool(request).request(
            request.method,
            f"{request.where}{request.target}",
            body=request.body,
            headers={"User-Agent": "wwwatch", "Accept-Encoding": "gzip", **request.headers},
            timeout=urllib3.Timeout(connect=request.connect_seconds, read=request.read_seconds),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            body = self._read(request, response, most_bytes, deadline)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    def _read(self, request: Request, response: urllib3.BaseHTTPResponse, most_bytes: int, deadline: float) -> bytes:
        chunks, size = [], 0
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > most_bytes:
                raise WebError(f"{request.where} answers with more than {most_bytes:,} bytes", "ask for less")
            if self._clock.monotonic() > deadline:
                raise WebError(f"{request.where} takes too long to answer", "it is tried again later", retryable=True)
        return b"".join(chunks)

    def _pool(self, request: Request) -> urllib3.PoolManager:
        proxy = request.proxy or _proxy_of_environment(request)
        if proxy not in self._pools:
            trust = self._trust()
            self._pools[proxy] = pool = (
                urllib3.ProxyManager(proxy, ssl_context=trust) if proxy else urllib3.PoolManager(ssl_context=trust)
            )
            pool.pool_classes_by_scheme = POOLS
        return self._pools[proxy]

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_certs is not None:
            try:
                context.load_verify_locations(self._ca_certs)
            except OSError as error:
                reason = f"cannot use {self._ca_certs} as certificate authority: {error}"
                raise WebError(reason, "check alert.ca_certs", retryable=True) from error
        return context

    def _failed(self, request: Request, error: Exception) -> WebError:
        reason = visible(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            hint = "set alert.ca_certs to its authority's PEM file"
            return WebError(f"{request.where} is not trusted: {reason}", hint, retryable=True)
        hint = "check the address, and that it can be reached from here"
        is_final = isinstance(error, LocationParseError)
        return WebError(f"{request.where} gave no answer: {reason}", hint, retryable=not is_final)


def _proxy_of_environment(request: Request) -> str:
    """Return what HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the process say for an address."""
    proxy = urllib.request.getproxies().get(request.scheme, "")
    return "" if not proxy or urllib.request.proxy_bypass(request.host) else proxy


def _wish(text: str, now: datetime) -> timedelta | None:
    """Return how long a Retry-After asks to wait: seconds, or a date (RFC 9110, 10.2.3)."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now, timedelta())

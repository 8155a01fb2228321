"""From a watch's request to one that can be sent: pure; no value in it can leave the place that it stands in."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from alerts.language.escape import for_media_type, inside_path
from alerts.language.model import HttpRequest
from alerts.language.mustache import Context, render
from core.errors import RuleError
from core.text import printable

_IN_PATH = "/%:@!$&'()*+,;=~?-._"
"""What stays as it is in the watch's own part of a path (RFC 3986), which may hold a query."""
_STARTS_JSON = re.compile(r"\s*(\{(?!\{)|\[|\{\{#toJson\}\})")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Source: RFC 9110, 5.6.2."""
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out.

    Attributes:
        target: Path and query, encoded.
        proxy: Address of the proxy; empty for the environment's, or none.
        connect_seconds: For the connection; `read_seconds` for each answer after it.
    """

    method: str
    scheme: str
    host: str
    port: int
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    proxy: str = ""
    connect_seconds: float = 10.0
    read_seconds: float = 10.0

    @property
    def where(self) -> str:
        """Whom it goes to; paths and parameters may be secret and stay out of logs and records."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def fill(request: HttpRequest, context: Context, headers: Mapping[str, str] | None = None) -> Request:
    """Return a watch's request with its templates filled in.

    Args:
        request: What the watch says.
        context: The variables.
        headers: Further headers; the watch's own win.

    Raises:
        RuleError: A template cannot be filled in, or a body that should be JSON is none.
    """
    own = {name: _header(render(value, context)) for name, value in request.headers.items()}
    for name in own:
        if not _TOKEN.fullmatch(name):
            raise RuleError(f"{printable(name)!r} is no name of a header", "use letters, digits and -")
    given = {name.lower() for name in own}
    more = {name: value for name, value in (headers or {}).items() if name.lower() not in given}
    kind = next((value for name, value in own.items() if name.lower() == "content-type"), "")
    body = None
    if request.body is not None:
        kind = kind or (_JSON if _STARTS_JSON.match(request.body) else "text/plain; charset=utf-8")
        body = render_body(request.body, kind, context)
        more.setdefault("Content-Type", kind)
    if request.auth is not None:
        basic = request.auth.basic
        more["Authorization"] = _basic(basic.username, basic.password.get_secret_value())
    proxy = request.proxy
    return Request(
        method=request.method.upper(),
        scheme=request.scheme,
        host=request.host,
        port=request.port,
        target=_target(request, context),
        headers={**more, **own},
        body=body,
        proxy=f"{proxy.scheme}://{proxy.host}:{proxy.port}" if proxy else "",
        connect_seconds=request.connection_timeout.total_seconds(),
        read_seconds=request.read_timeout.total_seconds(),
    )


def render_body(template: str, kind: str, context: Context) -> bytes:
    """Return a body whose values are escaped as its media type wants it.

    Raises:
        RuleError: It should be JSON and is none, with the values in it.
    """
    text = render(template, context, escape=for_media_type(kind))
    if "json" in kind:
        try:
            # Parsed and written anew: what is sent is JSON to every parser, in ASCII.
            text = json.dumps(json.loads(text))
        except ValueError as error:
            reason = f"the body of a request is no JSON when its values are filled in: {error}"
            raise RuleError(reason, "put values into quotes, or write them with {{#toJson}}") from error
    return text.encode("utf-8", "backslashreplace")


def _target(request: HttpRequest, context: Context) -> str:
    path = quote(render(request.path, context, escape=inside_path), safe=_IN_PATH)
    params = urlencode({name: render(value, context) for name, value in request.params.items()}, errors="replace")
    path = path if path.startswith("/") else f"/{path}"
    return f"{path}{'&' if '?' in path else '?'}{params}" if params else path


def _header(value: str) -> str:
    return printable(" ".join(value.split())).encode("latin-1", "backslashreplace").decode("latin-1")


def _basic(username: str, password: str) -> str:
    token = b64encode(f"{username}:{password}".encode())
    return f"Basic {token.decode('ascii')}"

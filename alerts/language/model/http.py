"""A request over HTTP, as an input, an attachment or a webhook sends it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.language.parts import Duration, Part, Template

_PORTS = {"http": 80, "https": 443}
_TARGET = {"scheme", "host", "port", "path", "params"}
_NO_TEMPLATE = "is no template: what comes from a run belongs into path, params, headers or body, where it is escaped"

TIMEOUT = timedelta(seconds=10)
"""Source: Watcher's `xpack.http.default_connection_timeout` and `xpack.http.default_read_timeout`."""


class BasicAuth(Part):
    """Name and password."""

    username: str
    password: SecretStr


class HttpAuth(Part):
    """How to log in."""

    basic: BasicAuth


class HttpProxy(Part):
    """Through whom the request goes."""

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65_535)
    scheme: Literal["http", "https"] = "http"


class HttpRequest(Part):
    """A request; `url` is taken apart into scheme, host, port, path and params when it is read, and stays None.

    Path, params, headers and body are templates; who sends it escapes what stands in path and params.
    """

    in_millis = ("connection_timeout", "read_timeout")

    url: None = None
    scheme: Literal["http", "https"] = "http"
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65_535)
    method: Literal["get", "post", "put", "delete", "head"] = "get"
    path: Template = "/"
    params: dict[str, Template] = Field(default_factory=dict)
    headers: dict[str, Template] = Field(default_factory=dict)
    auth: HttpAuth | None = None
    proxy: HttpProxy | None = None
    body: Template | None = None
    connection_timeout: Duration = TIMEOUT
    read_timeout: Duration = TIMEOUT

    @model_validator(mode="before")
    @classmethod
    def _take_url_apart(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        data = dict(data)
        if isinstance(data.get("method"), str):
            data["method"] = data["method"].lower()
        if "url" not in data:
            if "port" not in data and isinstance(data.get("scheme", "http"), str):
                data["port"] = _PORTS.get(data.get("scheme", "http"), 80)
            return data
        if twice := sorted(set(data) & (_TARGET - {"params"})):
            raise ValueError(f"url says {', '.join(twice)} already: keep one of both")
        return {**{key: value for key, value in data.items() if key != "url"}, **_split(data["url"], data)}

    @field_validator("host")
    @classmethod
    def _plain(cls, host: str) -> str:
        if "{{" in host:
            raise ValueError(f"a host {_NO_TEMPLATE}")
        if any(character in host for character in "/@ ?#\r\n\t"):
            raise ValueError("a host is a name or an address alone: port, path and params have keys of their own")
        return host


def _split(url: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(url, str) and "{{" in url:
        raise ValueError(f"a url {_NO_TEMPLATE}")
    problem = "a url begins with http:// or https:// and a host, without a name and password in it"
    try:
        parts = urlsplit(url)
        port = parts.port
    except (ValueError, TypeError, AttributeError):
        raise ValueError(problem) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError(problem)
    target = {"scheme": parts.scheme, "host": parts.hostname, "port": port or _PORTS[parts.scheme]}
    params = data.get("params", {})
    if isinstance(params, Mapping):
        params = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **params}
    return {**target, "path": parts.path or "/", "params": params}

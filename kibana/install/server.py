"""Speaks to a Kibana: one place for authentication, spaces, and what its refusals mean."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, SSLError

from core.errors import KibanaError
from core.text import visible

_HINTS = {
    401: "check kibana.api_key, or kibana.username and kibana.password",
    403: "the user needs all rights on Saved Objects Management, Dashboard, Discover and Data Views in this space",
    404: "is kibana.url Kibana's address, with its base path, and does the space exist?",
    413: "raise savedObjects.maxImportPayloadBytes",
    422: "it is older than 8.10: use a newer Kibana",
    503: "it is starting, or cannot reach Elasticsearch: try again in a minute",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Where a Kibana is and who we are there; an API key wins over a name and password."""

    url: str
    space: str = ""
    api_key: str | None = None
    username: str | None = None
    password: str | None = None
    ca_certs: Path | None = None
    timeout_seconds: float = 30.0


class Kibana:
    """A Kibana; TLS certificates are verified."""

    def __init__(self, access: Access) -> None:
        self._access = access
        ca_certs = str(access.ca_certs) if access.ca_certs else None
        self._pool = urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_certs,
            timeout=access.timeout_seconds,
            retries=False,
        )

    def upload(self, path: str, name: str, text: str) -> Any:
        """Send a file as a form, as the import wants it, and return the JSON of the answer.

        Raises:
            KibanaError: Kibana cannot be reached or refuses.
        """
        return self._ask("POST", path, fields={"file": (name, text.encode(), "application/ndjson")})

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON and return the JSON of the answer; None where there is none.

        Raises:
            KibanaError: Kibana cannot be reached or refuses.
        """
        if body is None:
            return self._ask(method, path)
        return self._ask(method, path, body=json.dumps(body), headers={"content-type": "application/json"})

    def version(self) -> str:
        """Return Kibana's version, e.g. ``8.18.0``.

        Raises:
            KibanaError: It cannot be reached, or what answers is no Kibana.
        """
        status = self.send("GET", "/api/status")
        number = status.get("version", {}).get("number") if isinstance(status, dict) else None
        if not isinstance(number, str):
            raise KibanaError(f"what answers at {self._where} is no Kibana", _HINTS[404])
        return number

    @property
    def _where(self) -> str:
        return visible(self._access.url)

    def _ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        space = f"/s/{quote(self._access.space, safe='')}" if self._access.space else ""
        url = f"{self._access.url.rstrip('/')}{space}{path}"
        try:
            response = self._pool.request(method, url, headers={**self._headers(), **(headers or {})}, **options)
        except SSLError as error:
            hint = "set kibana.ca_certs to the authority's PEM file, and use the name that stands in the certificate"
            raise KibanaError(f"the certificate of {self._where} cannot be verified: {visible(error)}", hint) from error
        except (HTTPError, LocationParseError, ValueError) as error:
            hint = "check kibana.url; `wwwatch setup --kibana URL --export FILE` needs no Kibana"
            raise KibanaError(f"cannot reach Kibana at {self._where}: {visible(error)}", hint) from error
        return self._answer(response)

    def _headers(self) -> dict[str, str]:
        access = self._access
        always = {"kbn-xsrf": "true", "accept": "application/json"}
        if access.api_key:
            return {**always, "authorization": f"ApiKey {access.api_key}"}
        if access.username and access.password:
            basic = urllib3.make_headers(basic_auth=f"{access.username}:{access.password}")
            return {**always, **basic}
        return always

    def _answer(self, response: urllib3.BaseHTTPResponse) -> Any:
        try:
            data = json.loads(response.data) if response.data else None
        except ValueError:
            data = None
        if response.status < 300:  # noqa: PLR2004 - HTTP's own classes
            if data is None and response.data:
                raise KibanaError(f"what answers at {self._where} is no Kibana", _HINTS[404])
            return data
        said = visible(data.get("message", ""), 300) if isinstance(data, dict) else ""
        what = f"Kibana at {self._where} answered {response.status}{': ' + said if said else ''}"
        raise KibanaError(what, _HINTS.get(response.status, "see Kibana's own log"))

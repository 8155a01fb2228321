"""The Elasticsearch client and the one seam where its errors become ours."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import elastic_transport
import elasticsearch
from elasticsearch import Elasticsearch

from core.errors import (
    StoreAuthError,
    StoreBusyError,
    StoreConflictError,
    StoreError,
    StoreMissingError,
    StoreUnreachableError,
)
from core.settings import EsSettings

_BY_STATUS: dict[int, tuple[type[StoreError], str]] = {
    401: (StoreAuthError, "check es.api_key, or es.username and es.password"),
    403: (StoreAuthError, "give this user the privileges that docs/operations.md lists"),
    404: (StoreMissingError, "run `wwwatch setup`"),
    409: (StoreConflictError, "somebody else changed it first; try again"),
    429: (StoreBusyError, "the cluster is overloaded; try again later"),
    502: (StoreBusyError, "the proxy before Elasticsearch gets no answer; try again later"),
    503: (StoreBusyError, "the cluster is not ready; try again later"),
    504: (StoreBusyError, "the proxy before Elasticsearch gets no answer in time; try again later"),
}


def connect(settings: EsSettings, **options: Any) -> Elasticsearch:
    """Return a client for the cluster that the settings name; nothing is sent yet.

    Args:
        settings: Where and who; `url` must be set. Of several addresses, one that does not answer is passed over for
            a while: the client's node pool tries it again after 1 s, then ever later, up to 30 s.
        options: Further arguments of ``elasticsearch.Elasticsearch``.

    Raises:
        StoreError: The address or the CA file cannot be used.
    """
    arguments: dict[str, Any] = {"request_timeout": settings.timeout_seconds, **options}
    if settings.api_key:
        arguments["api_key"] = settings.api_key.get_secret_value()
    elif settings.username and settings.password:
        arguments["basic_auth"] = (settings.username, settings.password.get_secret_value())
    if settings.ca_certs:
        arguments["ca_certs"] = str(settings.ca_certs)
    try:
        return Elasticsearch(hosts_of(settings), **arguments)
    except (ValueError, OSError) as error:
        where = ", ".join(host.rpartition("@")[2] for host in hosts_of(settings))  # before the @ may be a password
        raise StoreError(f"cannot use Elasticsearch at {where}: {error}", "check es.url and es.ca_certs") from None


def hosts_of(settings: EsSettings) -> list[str]:
    """Return the addresses that `es.url` names."""
    return [host.strip() for host in (settings.url or "").split(",") if host.strip()]


@contextmanager
def es_errors(doing: str) -> Iterator[None]:
    """Turn every error of the client into one of ours.

    Args:
        doing: What is being done, as in "cannot <doing>", e.g. ``save the checkpoint``.

    Raises:
        StoreError: Or the member of its family that fits.
    """
    try:
        yield
    except elasticsearch.UnsupportedProductError as error:
        raise StoreError(f"cannot {doing}: {error.message}", "point es.url at Elasticsearch 8") from error
    except elasticsearch.ApiError as error:
        reason = _reason(error)
        what = f"cannot {doing}: Elasticsearch answered {error.status_code} {reason}"
        if reason.startswith("cluster_block_exception"):  # a full disk, say: not about who asks, and it passes
            raise StoreBusyError(what, "free disk space, or lift the block") from error
        raise store_error(error.status_code, what) from error
    except elastic_transport.TlsError as error:
        hint = "set es.ca_certs to the authority's PEM file"
        raise StoreError(f"cannot {doing}: the TLS certificate is not trusted: {error.message}", hint) from error
    except elastic_transport.TransportError as error:
        hint = "check that it runs and that es.url is right"
        raise StoreUnreachableError(f"cannot {doing}: no answer from Elasticsearch: {error.message}", hint) from error


def store_error(status: int, what: str) -> StoreError:
    """Return the error that fits a status, of an answer or of one item of a bulk, e.g. one to try again for 429."""
    kind, hint = _BY_STATUS.get(status, (StoreError, "the reason is Elasticsearch's own"))
    return kind(what, hint)


def require_index(client: Elasticsearch, name: str) -> None:
    """See that an index or alias exists: written to before setup, Elasticsearch invents it with a mapping of its own.

    Raises:
        StoreError: It does not exist, or Elasticsearch did not answer.
    """
    with es_errors(f"find the index {name}"):
        client.indices.get(index=name, filter_path="*.aliases")


def _reason(error: elasticsearch.ApiError) -> str:
    body: Any = error.body
    if isinstance(body, bytes):  # of a client whose answers stay bytes
        with suppress(ValueError):
            body = json.loads(body)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return f"{body['error'].get('type', '')}: {_told(body['error'])}"
    return str(error.message)


def _told(error: dict[str, Any]) -> str:
    """Return the reason of an error, or of its cause where it has none: putting shards' answers together tells none."""
    cause = error.get("caused_by")
    return str(error.get("reason") or (_told(cause) if isinstance(cause, dict) else ""))

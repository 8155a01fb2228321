"""The settings' Kibana: how it is reached, what our objects are called there, and links into it."""

from collections.abc import Mapping
from typing import Any

from core.settings import KibanaSettings
from kibana.compile.names import Options
from kibana.install.server import Access
from kibana.links import Links
from wwwatch.scan.findings import Finding


def options_of(settings: KibanaSettings) -> Options:
    """Return what the user chose for our objects."""
    titles = {"access": settings.access_index} if settings.access_index else {}
    return Options(prefix=settings.prefix, titles=titles)


def access_of(settings: KibanaSettings, url: str) -> Access:
    """Return how a Kibana is reached."""
    return Access(
        url=url,
        space=settings.space,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        username=settings.username,
        password=settings.password.get_secret_value() if settings.password else None,
        ca_certs=settings.ca_certs,
        timeout_seconds=settings.timeout_seconds,
    )


def links_of(settings: KibanaSettings) -> Links | None:
    """Return what makes links; None where no Kibana is configured."""
    return Links(settings.url, settings.space, options_of(settings)) if settings.url else None


def incident_links(settings: KibanaSettings, payload: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the links of a mail, label to URL: of an incident's hit, else none."""
    links = links_of(settings)
    source = payload.get("_source", payload)
    return links.incident(source) if links and isinstance(source, Mapping) else {}


def finding_link(settings: KibanaSettings, finding: Finding) -> str:
    """Return the link to a finding's requests, for those who ship the log, too; empty where no Kibana is configured."""
    links = links_of(settings)
    return links.clients(finding.clients, finding.start, finding.end) if links else ""

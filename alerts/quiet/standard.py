"""The gates in the order of docs/design.md, over what stands in Elasticsearch and the settings."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from elasticsearch import Elasticsearch

from alerts.quiet.allowed import Allowed
from alerts.quiet.capped import Capped
from alerts.quiet.flapping import Flapping
from alerts.quiet.gates import Gates
from alerts.quiet.muted import Muted
from alerts.quiet.silenced import Silenced
from alerts.quiet.store import Counter, Fresh, SilenceStore, current
from alerts.quiet.throttled import Throttled
from alerts.verdicts.store import Verdicts
from alerts.verdicts.verdict import first_alike
from core.settings import AlertSettings


def standard_gates(client: Elasticsearch, settings: AlertSettings) -> Gates:
    """Return the gates of an engine; nothing is read yet."""
    networks = tuple(ip_network(each, strict=False) for each in settings.allow)
    store, verdicts, counter = SilenceStore(client), Verdicts(client), Counter(client)
    silences = Fresh(lambda now: current(store.all(), now))
    muting = Fresh(verdicts.muting)

    def find(incident: Mapping[str, Any], now: datetime) -> tuple[str, datetime] | None:
        return first_alike(muting(now), incident, now)

    gates = (
        Allowed(networks),
        Silenced(silences),
        Muted(find),
        Flapping(),
        Throttled(),
        Capped(settings.max_per_hour, settings.max_per_day, counter),
    )
    return Gates(gates, networks, counter.add)

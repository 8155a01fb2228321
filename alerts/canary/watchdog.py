"""What happens when the canary does not come back: a call to somebody outside, because mail may be what is broken."""

from datetime import datetime
from typing import Any

from pydantic import SecretStr, ValidationError

from alerts.canary.flights import Flight, as_dict
from alerts.channels.request import fill
from alerts.channels.web import Web
from alerts.language.model import HttpRequest
from core.clock import iso_millis
from core.errors import SettingsError
from core.health import Health


def call_out(web: Web, webhook: SecretStr, flight: Flight, why: str) -> None:
    """Post that a canary is missing: ``{"text": ..., "canary": {...}}``, which Slack and its like show as it is.

    Raises:
        SettingsError: `canary.webhook` is no address.
        WebError: It was not taken.
    """
    said = f"wwwatch: the canary of {iso_millis(flight.sent)} did not come back. {why}"
    body = "{{#toJson}}ctx.payload{{/toJson}}"
    try:
        request = HttpRequest.model_validate({"url": webhook.get_secret_value(), "method": "post", "body": body})
    except ValidationError:
        raise SettingsError("canary.webhook is no address", "write it as https://host/path") from None
    headers = {"Idempotency-Key": flight.mark.rpartition("/")[2]}
    web.call(fill(request, {"ctx": {"payload": {"text": said, "canary": as_dict(flight)}}}, headers))


def report(health: Health, flight: Flight, why: str, now: datetime) -> None:
    """Tell how the canary is, and wait until that is written."""
    values: dict[str, Any] = {"sent": iso_millis(flight.sent)}
    if flight.returned is not None:
        values |= {"returned": iso_millis(flight.returned), "seconds": flight.seconds}
        health.report(now, canary=values)
    else:
        health.report(now, status="failing", message=why, canary=values)
    health.wait()

"""Posts to Slack by incoming webhooks: what a value holds is text there, no link, no mention, no markup of ours."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from alerts.channels.request import Request
from alerts.language.model import SlackAction
from alerts.language.model.slack import SlackAttachment, SlackMessage
from alerts.language.mustache import Context, lookup, render
from core.errors import RuleError, WebError
from core.text import printable

_DEFAULT_PORTS = {"https": 443, "http": 80}
_MOST_ATTACHMENTS = 20
"""Source: Slack's advice for legacy attachments; of more, a reader sees nothing."""
_MOST_TEXT = 39_000
"""Source: Slack cuts texts after 40,000 characters."""
_NO_MARKUP = ("url", "_link", "_icon", "color", "ts")
"""How the names of those parts end in which Slack reads no markup: addresses, and short words."""


def escape(value: str) -> str:
    """Return text as Slack wants it: ``&``, ``<`` and ``>`` escaped, so that no value links or mentions.

    Source: Slack's "Formatting text for app surfaces".
    """
    return printable(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def build_posts(action: SlackAction, context: Context) -> dict[str, dict[str, Any]]:
    """Return what is posted to whom: a body for each of `to`, or one under the empty name.

    Raises:
        RuleError: A template cannot be filled in.
    """
    message = action.message
    body: dict[str, Any] = {}
    if message.text is not None:
        body["text"] = render(message.text, context, escape=escape)[:_MOST_TEXT]
    if message.sender is not None:
        body["username"] = printable(render(message.sender, context))[:80]
    if message.icon is not None:
        icon = printable(render(message.icon, context))
        body["icon_emoji" if icon.startswith(":") else "icon_url"] = icon
    if attachments := _attachments(message, context):
        body["attachments"] = attachments
    channels = [printable(render(each, context)).strip() for each in message.to]
    return {channel: {**body, "channel": channel} for channel in channels if channel} or {"": body}


def build_request(hooks: Mapping[str, SecretStr], account: str | None, body: Mapping[str, Any], key: str) -> Request:
    """Return the request that posts a body.

    Args:
        hooks: The settings' webhooks by account.
        account: Whose; None takes the first.
        body: What is posted.
        key: The notice's id, as `Idempotency-Key`: Slack ignores it, a relay before it may not.

    Raises:
        WebError: The settings have no such webhook; retryable, for settings get mended.
    """
    name = account or next(iter(hooks), "")
    if name not in hooks:
        raise _missing(name, "is not in the settings")
    try:
        parts = urlsplit(hooks[name].get_secret_value())
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise _missing(name, "is no address") from None
    if not parts.hostname:
        raise _missing(name, "is no address")
    return Request(
        method="POST",
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        target=f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
        body=json.dumps(body).encode("ascii"),
    )


def _missing(name: str, problem: str) -> WebError:
    what = f"the Slack webhook {printable(name)} {problem}" if name else f"the Slack webhook {problem}"
    return WebError(what, "set alert.slack to names and addresses of incoming webhooks", retryable=True)


def _attachments(message: SlackMessage, context: Context) -> list[dict[str, Any]]:
    found = [_attachment(each, context) for each in message.attachments]
    dynamic = message.dynamic_attachments
    if dynamic is not None:
        elements = lookup(dynamic.list_path, context)
        if not isinstance(elements, list):
            raise RuleError(f"dynamic_attachments: {dynamic.list_path} does not lead to a list", "correct the watch")
        inner = (each if isinstance(each, Mapping) else {"_value": each} for each in elements)
        found += [_attachment(dynamic.attachment_template, {**each, **context}) for each in inner]
    return found[:_MOST_ATTACHMENTS]


def _attachment(attachment: SlackAttachment, context: Context) -> dict[str, Any]:
    filled: dict[str, Any] = _filled("", attachment.model_dump(by_alias=True, exclude_none=True), context)
    return {name: value for name, value in filled.items() if value or value is False}


def _filled(name: str, value: Any, context: Context) -> Any:
    if isinstance(value, str):
        return render(value, context, escape=printable if name.endswith(_NO_MARKUP) else escape)
    if isinstance(value, Mapping):
        return {key: _filled(key, inner, context) for key, inner in value.items()}
    return [_filled(name, inner, context) for inner in value] if isinstance(value, list | tuple) else value

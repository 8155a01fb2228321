"""Files of an e-mail: the payload as JSON or YAML, or what an address answers."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import yaml

from alerts.channels.message import Attachment
from alerts.channels.request import fill
from alerts.channels.web import Web
from alerts.language.model import EmailAction
from alerts.language.model.action import DataAttachment, HttpAttachment
from core.errors import RuleError, WebError
from core.text import visible

log = logging.getLogger(__name__)

_SUCCESS = range(200, 300)
_MOST_BYTES = 5_000_000
"""Mail servers take 10 MB or more, of which a third is base64's; two of the largest files still go out."""


def attach(email: EmailAction, ctx: Mapping[str, Any], web: Web) -> tuple[list[Attachment], list[str]]:
    """Return an e-mail's files, and a remark on each that cannot be had: it must not keep the mail back."""
    files, remarks = [], []
    for name, each in email.files().items():
        try:
            files.append(_data(name, each.data, ctx) if each.data else _fetched(name, each.http, ctx, web))
        except (RuleError, WebError) as error:
            log.warning("the mail goes out without %s: %s", visible(name), visible(error, 1000))
            remarks.append(f"without {name}: {error.what}")
    return files, remarks


def _data(name: str, data: DataAttachment, ctx: Mapping[str, Any]) -> Attachment:
    payload = json.loads(json.dumps(ctx.get("payload", {}), default=str))  # JSON's types alone
    text = json.dumps(payload, indent=2) if data.format == "json" else yaml.safe_dump(payload, sort_keys=False)
    content = text.encode("ascii", "backslashreplace")
    if len(content) > _MOST_BYTES:
        raise RuleError(f"the payload is larger than {_MOST_BYTES:,} bytes", "attach less of it")
    return Attachment(_with_ending(name, data.format), content, f"application/{data.format}")


def _fetched(name: str, http: HttpAttachment | None, ctx: Mapping[str, Any], web: Web) -> Attachment:
    if http is None:
        raise RuleError(f"nothing says what {name} is", "give data or http")
    request = fill(http.request, {"ctx": ctx})
    answer = web.ask(request, _MOST_BYTES)
    if answer.status not in _SUCCESS:
        raise WebError(f"{request.where} answered {answer.status}")
    kind = http.content_type or answer.headers.get("content-type", "application/octet-stream")
    return Attachment(name, answer.body, kind, name if http.inline else "")


def _with_ending(name: str, ending: str) -> str:
    return name if name.endswith(f".{ending}") else f"{name}.{ending}"

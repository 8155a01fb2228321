"""What a run does."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from alerts.language.model.condition import Condition, CtxPath
from alerts.language.model.http import HttpRequest
from alerts.language.model.slack import SlackAction
from alerts.language.model.source import Transform
from alerts.language.parts import Choice, Duration, Part, Template

_SMTP = "the mail goes through the server that the section smtp of wwwatch.yml names"
_DOINGS = ("email", "webhook", "index", "logging", "slack")


_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_NAME = 100


class Body(Part):
    """An e-mail's body; at least one of both."""

    text: Template | None = None
    html: Template | None = None


class DataAttachment(Part):
    """The payload as a file."""

    format: Literal["yaml", "json"] = "yaml"


class HttpAttachment(Part):
    """What an address answers, as a file; `inline` shows it within the mail."""

    request: HttpRequest
    content_type: str | None = Field(None, pattern=r"^[\w.+-]+/[\w.+-]+$")
    inline: bool = False


class EmailAttachment(Choice):
    """A file that is attached."""

    refused: ClassVar[Mapping[str, str]] = {
        "reporting": "it needs Kibana's paid reporting; use http with the address of a picture or a PDF",
    }

    data: DataAttachment | None = None
    http: HttpAttachment | None = None


def _attach_data(value: Any) -> Any:
    """Read Watcher's older way to attach the payload: true, or an object with the format."""
    return ({} if value else None) if isinstance(value, bool) else value


class EmailAction(Part):
    """Sends one message; without `to` it goes to smtp.to of the settings, without `from` it comes from smtp.sender."""

    refused: ClassVar[Mapping[str, str]] = {"account": _SMTP, "user": _SMTP, "password": _SMTP}

    sender: Template | None = Field(None, alias="from")
    to: tuple[Template, ...] | Template | None = None
    cc: tuple[Template, ...] | Template | None = None
    bcc: tuple[Template, ...] | Template | None = None
    reply_to: tuple[Template, ...] | Template | None = None
    priority: Literal["lowest", "low", "normal", "high", "highest"] = "normal"
    subject: Template = ""
    body: Body | Template = ""
    profile: Literal["standard"] = "standard"
    attachments: dict[str, EmailAttachment] = Field(default_factory=dict)
    attach_data: Annotated[DataAttachment | None, BeforeValidator(_attach_data)] = None

    @field_validator("attachments")
    @classmethod
    def _plain_names(cls, attachments: dict[str, EmailAttachment]) -> dict[str, EmailAttachment]:
        # The name stands in a header; of what is shown within the mail it is the Content-ID, too.
        for name, each in attachments.items():
            if not name.isprintable() or not 1 <= len(name) <= _LONGEST_NAME:
                raise ValueError(f"an attachment has a name of 1 to {_LONGEST_NAME} printable characters")
            if each.http is not None and each.http.inline and not _CONTENT_ID.fullmatch(name):
                raise ValueError("what is shown within the mail is named with letters, digits, ., _ and -")
        return attachments

    def files(self) -> dict[str, EmailAttachment]:
        """Return what is attached, by name; `attach_data` is one more, ``data``."""
        old = {"data": EmailAttachment(data=self.attach_data)} if self.attach_data else {}
        return {**old, **self.attachments}


class LoggingAction(Part):
    """Writes a line into wwwatch's own log."""

    text: Template
    level: Literal["error", "warn", "info", "debug", "trace"] = "info"
    category: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,100}$")


def _refresh(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class IndexAction(Part):
    """Writes the payload as a document; of a search hit, its `_source`."""

    refused: ClassVar[Mapping[str, str]] = {
        "dynamic_name_timezone": "date math in index names is resolved in UTC; leave it out"
    }
    in_millis = ("timeout",)

    @model_validator(mode="before")
    @classmethod
    def _name_it_here(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "index" not in data and not set(data) - set(cls.allowed()):
            raise ValueError("'index' is wanted: the _index of a payload is not followed, for log lines may be in it")
        return data

    index: Template
    doc_id: Template | None = None
    op_type: Literal["index", "create"] = "index"
    execution_time_field: str | None = None
    refresh: Annotated[Literal["true", "false", "wait_for"], BeforeValidator(_refresh)] = "false"
    timeout: Duration = timedelta(minutes=1)


class WebhookAction(HttpRequest):
    """Sends a request. Watcher's default method is get: most webhooks want ``"method": "post"``."""


class Action(Part):
    """What a run does, how often at most, and for which elements of the payload."""

    refused: ClassVar[Mapping[str, str]] = {
        "pagerduty": "use webhook with PagerDuty's events address and its JSON as body",
        "jira": "use webhook with Jira's address for issues and its JSON as body",
        "hipchat": "the service is no more; use slack or webhook",
    }
    in_millis = ("throttle_period",)

    throttle_period: Duration | None = None
    condition: Condition | None = None
    transform: Transform | None = None
    foreach: CtxPath | None = None
    max_iterations: int = Field(100, ge=1, le=10_000)
    email: EmailAction | None = None
    webhook: WebhookAction | None = None
    index: IndexAction | None = None
    logging: LoggingAction | None = None
    slack: SlackAction | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_doing(cls, data: Any) -> Any:
        # What is refused or unknown is better said by name.
        known = isinstance(data, Mapping) and not set(data) - set(cls.allowed())
        if known and len(set(data) & set(_DOINGS)) != 1:
            raise ValueError(f"exactly one is wanted of: {', '.join(_DOINGS)}")
        return data

    @property
    def kind(self) -> str:
        """Which of its doings an action is, e.g. ``email``."""
        return next(name for name in _DOINGS if getattr(self, name) is not None)

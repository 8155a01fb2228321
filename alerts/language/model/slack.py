"""A message to Slack."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from alerts.language.model.condition import CtxPath
from alerts.language.parts import Part, Template, listed

Templates = Annotated[tuple[Template, ...], BeforeValidator(listed)]


class SlackField(Part):
    """A line of an attachment's table."""

    title: Template
    value: Template
    short: bool = False


class SlackLink(Part):
    """A button that opens an address."""

    name: Template | None = None
    style: Template | None = None
    text: Template
    type: Literal["button"] = "button"
    url: Template


class SlackAttachment(Part):
    """A block below the message."""

    fallback: Template | None = None
    color: Template | None = None
    pretext: Template | None = None
    author_name: Template | None = None
    author_link: Template | None = None
    author_icon: Template | None = None
    title: Template | None = None
    title_link: Template | None = None
    text: Template | None = None
    fields_: tuple[SlackField, ...] = Field((), alias="fields")
    image_url: Template | None = None
    thumb_url: Template | None = None
    mrkdwn_in: Templates = ()
    actions: tuple[SlackLink, ...] = ()


class DynamicAttachments(Part):
    """One block for each element of a list; in its template the element's keys are variables."""

    list_path: CtxPath
    attachment_template: SlackAttachment


class SlackMessage(Part):
    """What is said, as whom and where; without `to` it goes to the webhook's own channel."""

    sender: Template | None = Field(None, alias="from")
    to: Templates = ()
    text: Template | None = None
    icon: Template | None = None
    attachments: tuple[SlackAttachment, ...] = ()
    dynamic_attachments: DynamicAttachments | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "SlackMessage":
        if self.text is None and not self.attachments and self.dynamic_attachments is None:
            raise ValueError("a message needs text, attachments or dynamic_attachments")
        return self


class SlackAction(Part):
    """Posts a message; `account` names one of the settings' webhooks."""

    refused: ClassVar[Mapping[str, str]] = {"proxy": "set HTTPS_PROXY for the process"}

    account: str | None = None
    message: SlackMessage

"""What a watch is: the JSON that Elasticsearch's Watcher takes, as frozen values; unsupported parts are refused.

To support one more kind of schedule, input, condition or action, add its part here and its doing where the kind is
done: `schedule.py`, `condition.py`, and outside of the language the engine's inputs and the channels.
"""

from alerts.language.model.action import (
    Action,
    Body,
    DataAttachment,
    EmailAction,
    EmailAttachment,
    HttpAttachment,
    IndexAction,
    LoggingAction,
    WebhookAction,
)
from alerts.language.model.condition import Always, ArrayComparison, Comparison, Condition, Never, Quantified
from alerts.language.model.http import BasicAuth, HttpAuth, HttpProxy, HttpRequest
from alerts.language.model.schedule import (
    Daily,
    Hourly,
    Monthly,
    Schedule,
    Trigger,
    Weekly,
    Yearly,
)
from alerts.language.model.script import Script
from alerts.language.model.slack import (
    DynamicAttachments,
    SlackAction,
    SlackAttachment,
    SlackField,
    SlackLink,
    SlackMessage,
)
from alerts.language.model.source import (
    ChainInput,
    HttpInput,
    IndicesOptions,
    Input,
    NoInput,
    SearchInput,
    SearchRequest,
    Transform,
)
from alerts.language.model.watch import DEFAULT_THROTTLE, Metadata, Ours, TemplateFiles, Watch, WatchBody

__all__ = [
    "DEFAULT_THROTTLE",
    "Action",
    "Always",
    "ArrayComparison",
    "BasicAuth",
    "Body",
    "ChainInput",
    "Comparison",
    "Condition",
    "Daily",
    "DataAttachment",
    "DynamicAttachments",
    "EmailAction",
    "EmailAttachment",
    "Hourly",
    "HttpAttachment",
    "HttpAuth",
    "HttpInput",
    "HttpProxy",
    "HttpRequest",
    "IndexAction",
    "IndicesOptions",
    "Input",
    "LoggingAction",
    "Metadata",
    "Monthly",
    "Never",
    "NoInput",
    "Ours",
    "Quantified",
    "Schedule",
    "Script",
    "SearchInput",
    "SearchRequest",
    "SlackAction",
    "SlackAttachment",
    "SlackField",
    "SlackLink",
    "SlackMessage",
    "TemplateFiles",
    "Transform",
    "Trigger",
    "Watch",
    "WatchBody",
    "WebhookAction",
    "Weekly",
    "Yearly",
]

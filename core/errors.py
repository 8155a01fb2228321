"""The error tree. Every error says what failed, on what, and what to do.

WwwatchError
├── SettingsError            the configuration is wrong
├── NodeError                the embedded Elasticsearch cannot be had or started
├── StoreError               Elasticsearch refused or could not be asked
│   ├── StoreUnreachableError    no answer: worth trying again
│   ├── StoreBusyError           429 or 503: worth trying again
│   ├── StoreAuthError           401 or 403
│   ├── StoreMissingError        404: the index or document is not there
│   └── StoreConflictError       somebody else changed the document first
├── DeliveryError            documents could not be delivered
├── FormatError              a log format is unknown or does not fit the file
├── ModelError               no model, the wrong one, or a digest that does not match
├── EvaluationError          labels or logs to evaluate on are missing or malformed
├── RuleError                a watch is malformed
├── LeaseLostError           another engine runs the watch now
└── ChannelError             something could not be told
    ├── MailError                the mail server refused or could not be reached
    └── WebError                 a webhook, or Slack, refused or could not be reached
"""

from datetime import timedelta


class WwwatchError(Exception):
    """The root of every error that wwwatch raises on purpose.

    Args:
        what: What failed, on what, as one clause, e.g. ``cannot read access.log``.
        hint: What the user can do, as one clause, e.g. ``give --format``.
    """

    retryable = False

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what}: {hint}" if hint else what)


class SettingsError(WwwatchError):
    """The configuration file, the environment or an option is wrong."""


class NodeError(WwwatchError):
    """The embedded Elasticsearch node cannot be downloaded, started or stopped."""


class StoreError(WwwatchError):
    """Elasticsearch refused a request for good."""


class StoreUnreachableError(StoreError):
    """Elasticsearch did not answer; the same request may succeed later."""

    retryable = True


class StoreBusyError(StoreError):
    """Elasticsearch is overloaded (429) or not ready (503); the same request may succeed later."""

    retryable = True


class StoreAuthError(StoreError):
    """Elasticsearch does not know us (401) or does not let us (403)."""


class StoreMissingError(StoreError):
    """The index or the document is not there (404)."""


class StoreConflictError(StoreError):
    """The document was changed by somebody else since it was read (409)."""


class DeliveryError(WwwatchError):
    """Documents could not be delivered and remain where they were."""


class FormatError(WwwatchError):
    """A log format is unknown or does not fit the file."""


class ModelError(WwwatchError):
    """There is no model, it does not fit the features, or its digest is not the pinned one."""


class EvaluationError(WwwatchError):
    """There is nothing to evaluate on, or its labels are malformed."""


class RuleError(WwwatchError):
    """A watch is malformed or asks for a part that is not supported."""


class LeaseLostError(WwwatchError):
    """Another engine runs the watch now: whoever meant to go on must stop before anything is told."""


class ChannelError(WwwatchError):
    """Something could not be told.

    Args:
        retryable: Whether a later attempt can succeed (connection loss, a 4xx reply of SMTP, a 5xx of HTTP).
        retry_after: How long the receiver wants to be left alone, where it says so.
    """

    def __init__(
        self, what: str, hint: str = "", *, retryable: bool = False, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(what, hint)
        self.retryable = retryable
        self.retry_after = retry_after


class MailError(ChannelError):
    """The mail server could not be reached or refused the message."""


class WebError(ChannelError):
    """An address could not be reached or refused the request."""


class KibanaError(WwwatchError):
    """A Kibana object is malformed, or Kibana did not take it."""

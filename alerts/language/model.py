"""What a watch is: the JSON that Elasticsearch's Watcher takes, as frozen values; unsupported parts are refused.

To support one more kind of schedule, input, condition or action, add its part here and its doing where the kind is
done: `schedule.py`, `inputs.py`, `condition.py`, `actions.py`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alerts.language.parts import Choice, Duration, Json, Part, Template

DEFAULT_THROTTLE = timedelta(seconds=5)
"""Source: Watcher's `xpack.watcher.throttle.period.default_period`."""

_CTX_PATH = r"^ctx\.[^\s{}]+$"


def _at_least_a_second(interval: timedelta) -> timedelta:
    if interval < timedelta(seconds=1):
        raise ValueError("the shortest interval is 1s")
    return interval


class Schedule(Choice):
    """When a watch runs."""

    interval: Annotated[Duration, AfterValidator(_at_least_a_second)]


class Trigger(Choice):
    """What starts a run."""

    schedule: Schedule


class SearchRequest(Part):
    """A search; strings in `body` may be templates. Missing indices count as empty, as in Watcher."""

    indices: tuple[str, ...] = Field(min_length=1)
    body: Json = Field(default_factory=dict)


class SearchInput(Part):
    """Loads the answer of a search as payload; ``hits.total`` is a number."""

    request: SearchRequest
    timeout: Duration = timedelta(minutes=1)


class NoInput(Part):
    """Loads nothing."""


class Input(Choice):
    """What a run looks at."""

    search: SearchInput | None = None
    simple: dict[str, Any] | None = None
    none: NoInput | None = None


class Always(Part):
    """Every run acts."""


class Never(Part):
    """No run acts."""


class Comparison(Choice):
    """One operator and its value; a string value ``{{ctx.path}}`` stands for what the path leads to."""

    eq: Any = None
    not_eq: Any = None
    gt: Any = None
    gte: Any = None
    lt: Any = None
    lte: Any = None


def _one_path(compare: dict[str, Comparison] | None) -> dict[str, Comparison] | None:
    if compare is not None and len(compare) != 1:
        raise ValueError("compare takes exactly one path")
    return compare


CtxPath = Annotated[str, Field(pattern=_CTX_PATH)]


class Condition(Choice):
    """Whether a run acts."""

    always: Always | None = None
    never: Never | None = None
    compare: Annotated[dict[CtxPath, Comparison] | None, AfterValidator(_one_path)] = None


class Body(Part):
    """An e-mail's body; at least one of both."""

    text: Template | None = None
    html: Template | None = None


class EmailAction(Part):
    """Sends one message; without `to` it goes to smtp.to of the settings, without `from` it comes from smtp.sender."""

    sender: Template | None = Field(None, alias="from")
    to: tuple[Template, ...] | Template | None = None
    cc: tuple[Template, ...] | Template | None = None
    reply_to: tuple[Template, ...] | Template | None = None
    priority: Literal["lowest", "low", "normal", "high", "highest"] = "normal"
    subject: Template = ""
    body: Body | Template = ""


class LoggingAction(Part):
    """Writes a line into wwwatch's own log."""

    text: Template
    level: Literal["error", "warn", "info", "debug", "trace"] = "info"


class IndexAction(Part):
    """Writes the payload as a document; of a search hit, its `_source`."""

    index: Template
    doc_id: Template | None = None
    execution_time_field: str | None = None


class Action(Part):
    """What a run does, how often at most, and for which elements of the payload."""

    throttle_period: Duration | None = None
    foreach: CtxPath | None = None
    max_iterations: int = Field(100, ge=1, le=10_000)
    email: EmailAction | None = None
    logging: LoggingAction | None = None
    index: IndexAction | None = None

    @model_validator(mode="after")
    def _one_doing(self) -> "Action":
        if sum(doing is not None for doing in (self.email, self.logging, self.index)) != 1:
            raise ValueError("exactly one is wanted of: email, logging, index")
        return self


class TemplateFiles(Part):
    """Jinja2 files that take the place of an e-mail's own subject and body."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None


class Ours(Part):
    """What Watcher does not have, kept in the free metadata so that the file remains a watch that Watcher takes.

    `once_per` names an element of `foreach`: the same name is acted on once, ever. `thread` is what several names have
    in common (an incident); within it only a higher `rank` is worth another action, at most one per throttle_period,
    and what is held back goes out when the period ends if `still` holds then.
    """

    refresh: bool = False
    once_per: Template | None = None
    thread: Template | None = None
    rank: Template | None = None
    still: Condition | None = None
    templates: dict[str, TemplateFiles] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_before_threads(self) -> "Ours":
        if self.once_per is None and (self.thread or self.rank or self.still):
            raise ValueError("thread, rank and still need once_per")
        if self.thread is None and (self.rank or self.still):
            raise ValueError("rank and still need thread")
        return self


class Metadata(BaseModel):
    """Free, but for the key `wwwatch`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    wwwatch: Ours = Ours()


class WatchBody(Part):
    """The content of a watch's file."""

    metadata: Metadata = Metadata()
    trigger: Trigger
    input: Input = Input(none=NoInput())
    condition: Condition = Condition(always=Always())
    throttle_period: Duration = DEFAULT_THROTTLE
    actions: dict[str, Action] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _templates_belong_to_mails(self) -> "WatchBody":
        for name in self.metadata.wwwatch.templates:
            if name not in self.actions or self.actions[name].email is None:
                raise ValueError(f"metadata.wwwatch.templates names {name!r}, which is no e-mail action of this watch")
        return self


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch with its name.

    Attributes:
        id: The file's name without ``.json``.
        body: What it says.
        folder: Where its template files are looked for first.
        metadata: The file's metadata as it stands there, for templates.
    """

    id: str
    body: WatchBody
    folder: Path
    metadata: dict[str, Any] = field(default_factory=dict)

    def throttle(self, action: Action) -> timedelta:
        """Return how long an action rests after it was done."""
        return self.body.throttle_period if action.throttle_period is None else action.throttle_period

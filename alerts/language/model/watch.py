"""A watch as a whole, and what wwwatch adds to it in its metadata."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.language.model.action import Action
from alerts.language.model.condition import Always, Condition, CtxPath
from alerts.language.model.schedule import Trigger
from alerts.language.model.source import Input, NoInput, Transform
from alerts.language.parts import Duration, Part, Template

DEFAULT_THROTTLE = timedelta(seconds=5)
"""Source: Watcher's `xpack.watcher.throttle.period.default_period`."""


class TemplateFiles(Part):
    """Jinja2 files that take the place of an e-mail's own subject and body."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None


class Ours(Part):
    """What Watcher does not have, kept in the free metadata so that the file remains a watch that Watcher takes.

    `once_per` names an element of `foreach`: the same name is acted on once, ever. `thread` is what several names have
    in common (an incident); within it only a higher `rank` is worth another action, at most one per throttle_period,
    and what is held back goes out when the period ends if `still` holds then. `refresh` makes the input see what was
    just written; `all_hits` reads every hit of its search, page by page, instead of `size` many.

    Where `over` holds, what of the thread was told before is told to be over, once. What `still` holds is told again
    after `repeat`. `group` leads to the elements that one message tells of (a digest): each is kept as told in it.
    """

    refresh: bool = False
    all_hits: bool = False
    once_per: Template | None = None
    thread: Template | None = None
    rank: Template | None = None
    still: Condition | None = None
    over: Condition | None = None
    repeat: Duration | None = None
    group: CtxPath | None = None
    templates: dict[str, TemplateFiles] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_before_threads(self) -> "Ours":
        if self.once_per is None and (self.thread or self.rank or self.still):
            raise ValueError("thread, rank and still need once_per")
        if self.thread is None and (self.rank or self.still or self.over):
            raise ValueError("rank and still need thread, and so does over")
        if self.repeat is not None and self.still is None:
            raise ValueError("repeat needs still, which says whether it goes on")
        return self


class Metadata(BaseModel):
    """Free, but for the key `wwwatch`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    wwwatch: Ours = Ours()


class WatchBody(Part):
    """The content of a watch's file.

    `status` and `version` are in what Watcher gives out; as it does, wwwatch takes them and heeds them not: a watch's
    state is what Elasticsearch holds.
    """

    in_millis = ("throttle_period",)

    metadata: Metadata = Metadata()
    trigger: Trigger
    input: Input = Input(none=NoInput())
    condition: Condition = Condition(always=Always())
    transform: Transform | None = None
    throttle_period: Duration = DEFAULT_THROTTLE
    status: dict[str, Any] | None = None
    version: int | None = None
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

    def repeat(self, action: Action) -> timedelta:
        """Return after how long what goes on is told again; where the watch does not, how long an action rests."""
        return self.body.metadata.wwwatch.repeat or self.throttle(action)

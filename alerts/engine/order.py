"""What is asked of one execution, and what came of it: values, in Watcher's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.engine.status import ExecutionState, Outcome
from alerts.language.model import Watch
from alerts.language.schedule import scheduled_at
from alerts.notices.notice import Notice
from core.clock import iso_millis
from core.documents import document_id

ALL = "_all"
"""The name that stands for every action of a watch where modes are given."""


class Mode(StrEnum):
    """How an action is done; Watcher's action modes. The forced ones pass throttle and acknowledgement."""

    SIMULATE = "simulate"
    FORCE_SIMULATE = "force_simulate"
    EXECUTE = "execute"
    FORCE_EXECUTE = "force_execute"
    SKIP = "skip"

    @property
    def is_simulated(self) -> bool:
        """Whether nothing is told."""
        return self in (Mode.SIMULATE, Mode.FORCE_SIMULATE)

    @property
    def is_forced(self) -> bool:
        """Whether throttle and acknowledgement are passed."""
        return self in (Mode.FORCE_SIMULATE, Mode.FORCE_EXECUTE)


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why and when a watch runs; `kind` is Watcher's ``schedule`` or ``manual``."""

    triggered: datetime
    scheduled: datetime
    kind: str = "schedule"

    @classmethod
    def by_schedule(cls, watch: Watch, now: datetime) -> "Trigger":
        """Return the trigger of a run that the schedule wants at or before `now`."""
        return cls(now, scheduled_at(watch.body.trigger.schedule, now))


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one execution.

    Attributes:
        payload: Takes the input's place; None loads the input.
        ignore_condition: Act although the condition is not met.
        modes: By action, or `ALL`; without one an action is executed.
        is_kept: Whether status and history are to know of it.
    """

    trigger: Trigger
    payload: Mapping[str, Any] | None = None
    ignore_condition: bool = False
    modes: Mapping[str, Mode] = field(default_factory=dict)
    is_kept: bool = True

    @property
    def now(self) -> datetime:
        """The execution's time."""
        return self.trigger.triggered

    def mode(self, action_id: str) -> Mode:
        """Return how an action is to be done."""
        return self.modes.get(action_id, self.modes.get(ALL, Mode.EXECUTE))


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of one action.

    Attributes:
        details: Its part of the record: condition, transform, and what was told or would have been.
        is_news: Whether anything was decided; False when all that was found is known already.
    """

    action_id: str
    kind: str
    outcome: Outcome
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a watch saw and did.

    Attributes:
        met: Whether the condition was.
        reason: Why, or what failed; one clause.
        failed: Whether the run ended with an error.
        is_retryable: Whether trying again soon may help.
        is_lost: Whether it ended because another engine runs the watch now.
        notices: Those that this run recorded or took up again, as they stand now.
        actions: What became of each action, in order.
        results: The record's `result` without the actions: input, condition, transform.
        execution_id: Its name, `ctx.id`.
    """

    watch_id: str
    met: bool
    reason: str
    failed: bool = False
    is_retryable: bool = False
    is_lost: bool = False
    notices: tuple[Notice, ...] = ()
    actions: tuple[Acted, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    execution_id: str = ""

    @property
    def state(self) -> ExecutionState:
        """Return the execution's state as the status and the record have it."""
        if self.failed:
            return ExecutionState.FAILED
        if not self.met:
            return ExecutionState.EXECUTED if self.notices else ExecutionState.NOT_NEEDED
        held = (Outcome.THROTTLED, Outcome.ACKNOWLEDGED, Outcome.CONDITION_FAILED)
        is_held = self.actions and all(acted.outcome in held for acted in self.actions)
        return ExecutionState.THROTTLED if is_held and not self.notices else ExecutionState.EXECUTED


def variables(watch: Watch, trigger: Trigger) -> dict[str, Any]:
    """Return what templates see as ``ctx``, in Watcher's names."""
    scheduled, now = iso_millis(trigger.scheduled), iso_millis(trigger.triggered)
    return {
        "watch_id": watch.id,
        "id": f"{watch.id}_{document_id(watch.id, scheduled)}-{now}",
        "execution_time": now,
        "trigger": {"triggered_time": now, "scheduled_time": scheduled},
        "metadata": watch.metadata,
        "payload": {},
        "vars": {},
    }

"""A watch's state, in the shape of Watcher's status document: pure changes; `store.py` keeps it.

Source: Watcher's documented status and acknowledgement: an action awaits a successful execution, is ackable after one,
acked when somebody says so, and awaits again as soon as the condition is not met.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.clock import iso_millis, parse_iso
from core.documents import Document


class Ack(StrEnum):
    """Where an action's acknowledgement stands."""

    AWAITS = "awaits_successful_execution"
    ACKABLE = "ackable"
    ACKED = "acked"


class ExecutionState(StrEnum):
    """What became of an execution."""

    NOT_NEEDED = "execution_not_needed"
    THROTTLED = "throttled"
    EXECUTED = "executed"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of one action in one execution."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial_failure"
    SIMULATED = "simulated"
    THROTTLED = "throttled"
    ACKNOWLEDGED = "acknowledged"
    CONDITION_FAILED = "condition_failed"


def is_active(status: Mapping[str, Any]) -> bool:
    """Tell whether a watch runs on its schedule; one without a state does."""
    return bool(status.get("state", {}).get("active", True))


def ack_of(status: Mapping[str, Any], action_id: str) -> Ack:
    """Return where an action's acknowledgement stands."""
    return Ack(_action(status, action_id).get("ack", {}).get("state", Ack.AWAITS))


def acked_at(status: Mapping[str, Any], action_id: str) -> str:
    """Return when the acknowledgement last changed, as the document has it; empty where it never did."""
    return str(_action(status, action_id).get("ack", {}).get("timestamp", ""))


def last_success(status: Mapping[str, Any], action_id: str) -> datetime | None:
    """Return when an action was last done with success."""
    return _moment(_action(status, action_id).get("last_successful_execution", {}).get("timestamp"))


def has_failed(status: Mapping[str, Any], action_id: str) -> bool:
    """Tell whether an action did not succeed when it was last done."""
    return _action(status, action_id).get("last_execution", {}).get("successful") is False


def last_run(status: Mapping[str, Any]) -> datetime | None:
    """Return when a watch was last run, or activated, whichever was later; None before both."""
    moments = (_moment(status.get("last_checked")), _moment(status.get("state", {}).get("timestamp")))
    return max((moment for moment in moments if moment), default=None)


def checked(status: Document, now: datetime, actions: Iterable[str], *, met: bool | None) -> Document:
    """Return the status after a run's condition was judged: when it is not met, what was acked is told again.

    Args:
        status: As it was.
        now: The run's time.
        actions: The watch's.
        met: Whether the condition was; None where the run failed before.
    """
    stamp = iso_millis(now)
    changed = {**status, "last_checked": stamp}
    if met is not False:
        return changed | {"last_met_condition": stamp} if met else changed
    for action_id in actions:
        changed = reset(changed, action_id, now)
    return changed


def reset(status: Document, action_id: str, now: datetime) -> Document:
    """Return the status with an action awaiting its next success; unchanged where it does."""
    if ack_of(status, action_id) is Ack.AWAITS:
        return status
    return _with(status, action_id, ack={"timestamp": iso_millis(now), "state": Ack.AWAITS.value})


def acted(status: Document, action_id: str, now: datetime, outcome: Outcome, reason: str = "") -> Document:
    """Return the status after an action of a run."""
    stamp = iso_millis(now)
    match outcome:
        case Outcome.SUCCESS | Outcome.SIMULATED | Outcome.PARTIAL:
            entry = {"timestamp": stamp, "successful": True} | ({"reason": reason} if reason else {})
            changes: dict[str, Any] = {"last_execution": entry, "last_successful_execution": entry}
            if ack_of(status, action_id) is Ack.AWAITS:
                changes["ack"] = {"timestamp": stamp, "state": Ack.ACKABLE.value}
        case Outcome.FAILURE:
            changes = {"last_execution": {"timestamp": stamp, "successful": False, "reason": reason}}
        case Outcome.THROTTLED | Outcome.ACKNOWLEDGED:
            changes = {"last_throttle": {"timestamp": stamp, "reason": reason}}
        case Outcome.CONDITION_FAILED:
            return reset(status, action_id, now)
    return _with(status, action_id, **changes)


def acknowledge(status: Document, actions: Iterable[str], now: datetime) -> Document:
    """Return the status with those of the actions acked that are ackable; the others stay as they are."""
    for action_id in actions:
        if ack_of(status, action_id) is Ack.ACKABLE:
            status = _with(status, action_id, ack={"timestamp": iso_millis(now), "state": Ack.ACKED.value})
    return status


def activate(status: Document, now: datetime, *, active: bool) -> Document:
    """Return the status with the watch active or not; unchanged where it is so already."""
    if is_active(status) is active and "state" in status:
        return status
    return {**status, "state": {"active": active, "timestamp": iso_millis(now)}}


def _action(status: Mapping[str, Any], action_id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = status.get("actions", {}).get(action_id, {})
    return found


def _with(status: Document, action_id: str, **changes: Any) -> Document:
    actions = status.get("actions", {})
    return {**status, "actions": {**actions, action_id: {**actions.get(action_id, {}), **changes}}}


def _moment(text: str | None) -> datetime | None:
    return parse_iso(text) if text else None

"""Marks what became of notices: together where a repeat does no harm, at once where it would be a second mail."""

import logging
from collections.abc import Sequence
from typing import Self

from alerts.notices.history import History
from alerts.notices.notice import Notice
from core.clock import Clock
from core.errors import StoreConflictError, StoreError
from core.text import visible

log = logging.getLogger(__name__)

_TOGETHER = 100
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class Marks:
    """Collects marks and writes them in one request when it is left, and at every hundredth.

    A crash before loses them: what they are about is then decided, or done, again. So only what was not told, and
    what is harmless to do twice, waits here.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._waiting: list[Notice] = []
        self._follows: list[Notice] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self._flush()

    def add(self, notice: Notice, follows: Sequence[Notice] = ()) -> Notice:
        """Mark a notice soon, and record what follows from it; returns it."""
        self._waiting.append(notice)
        self._follows += follows
        _say(notice)
        if len(self._waiting) >= _TOGETHER:
            self._flush()
        return notice

    def write_now(self, notice: Notice, clock: Clock, follows: Sequence[Notice] = ()) -> Notice:
        """Mark a notice that was told, and try for half a minute: without the mark it would be told again.

        What follows from it is recorded in the same request.

        Returns:
            The notice as it stands now.

        Raises:
            StoreConflictError: Somebody else changed it meanwhile.
            StoreError: Elasticsearch did not take it in all that time.
        """
        for pause in _PAUSES_SECONDS:
            try:
                return _say(self._history.update_with(notice, follows))
            except StoreConflictError:
                return self._ours(notice)
            except StoreError as error:
                if not error.retryable:
                    raise
                log.warning("%s was told, but %s", visible(notice.key), visible(error, 1000))
                clock.sleep(pause)
        return _say(self._history.update_with(notice, follows))

    def _ours(self, notice: Notice) -> Notice:
        """Return the notice when the write that met a conflict met itself: its first answer was lost."""
        now_is = next(iter(self._history.by_id([notice.id])), None)
        if now_is is None or (now_is.state, now_is.attempts) != (notice.state, notice.attempts):
            raise StoreConflictError(f"{notice.key} was told, and somebody else changed its mark")
        return now_is

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        follows, self._follows = self._follows, []
        self._history.create(follows)  # first: without the marks they are made again, under the same ids
        written = {notice.id for notice in self._history.update_all(waiting)}
        for notice in waiting:
            if notice.id not in written:
                log.debug("%s is in other hands", notice.id)


def _say(notice: Notice) -> Notice:
    log.info(
        "%s/%s about %s: %s (%s)",
        notice.watch_id,
        notice.action_id,
        visible(notice.key),
        notice.state,
        visible(notice.reason),
    )
    return notice

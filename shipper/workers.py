"""Threads that work beside the main one."""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Workers:
    """A few threads that take work in turn.

    They are daemons, which the standard executor's are not: one that hangs in a request must not keep the process from
    ending.

    Args:
        count: How many.
        name: What debuggers show.
    """

    def __init__(self, count: int, name: str) -> None:
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._count = count
        for number in range(count):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def submit(self, work: Callable[[], None]) -> None:
        """Have something done; it must not raise."""
        self._work.put(work)

    def close(self) -> None:
        """Let each thread end when its work is done; wait for none."""
        for _ in range(self._count):
            self._work.put(None)

    def _run(self) -> None:
        while work := self._work.get():
            work()

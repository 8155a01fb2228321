"""A follower without Elasticsearch: what it reads is kept by id, as `create` would keep it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import Clock
from shipper import Registry
from shipper.follow import Follower, Tail

LATER = 61.0


class HandClock(Clock):
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds - 1_000)

    def monotonic(self) -> float:
        return self.seconds


class Reader:
    """Follows patterns and takes what there is to read.

    Args:
        state: The registry's folder.
        patterns: What to follow.
        size: Bytes read at once.

    Attributes:
        taken: The lines by document id.
    """

    def __init__(self, state: Path, *patterns: str | Path, size: int = 100_000) -> None:
        self.state = state
        self.patterns = [str(pattern) for pattern in patterns]
        self.size = size
        self.clock = HandClock()
        self.taken: dict[str, str] = {}
        self._start(closing=False)

    def _start(self, *, closing: bool, max_open: int = 500) -> None:
        self.closing = closing
        self.registry = Registry(self.state / "r.json").__enter__()
        self.follower = Follower(self.patterns, self.registry, self.clock, closing=closing, max_open=max_open)

    def restart(self, *, is_crash: bool = False, closing: bool = False, max_open: int = 500) -> None:
        """Begin anew; after a crash with what was last saved."""
        self.stop(is_crash=is_crash)
        self._start(closing=closing, max_open=max_open)

    def stop(self, *, is_crash: bool = False) -> None:
        """Close everything."""
        kept = self.registry.path.read_bytes() if self.registry.path.exists() else None
        self.follower.close()
        self.registry.save()
        if is_crash and kept is not None:
            self.registry.path.write_bytes(kept)
        self.registry.__exit__(None, None, None)

    def read(self, *, is_saved: bool = True) -> list[str]:
        """Take all that there is, and return the lines that are new."""
        lines: list[str] = []
        while fresh := [line for tail in self.follower.refresh() for line in self._take(tail)]:
            lines += fresh
        if is_saved:
            self.registry.save()
        return lines

    def later(self, seconds: float = LATER) -> list[str]:
        """Let time pass, and take all that there is then."""
        lines = self.read()
        self.clock.seconds += seconds
        return lines + self.read() + self.read()

    def once(self) -> list[str]:
        """Take the files as they are, then go on following them."""
        self.restart(closing=True)
        lines = self.read()
        self.restart()
        return lines

    def _take(self, tail: Tail) -> list[str]:
        lines = []
        while (chunk := tail.read(tail.entry.offset, self.size, closing=self.closing)) is not None:
            assert chunk.start == tail.entry.offset
            self.registry.save()  # as the pipeline does: what is sent is on record before
            assert chunk.end > chunk.start
            for offset, line in zip(chunk.offsets, chunk.lines, strict=True):
                name = f"{tail.identity}-{offset}"
                assert self.taken.get(name, line) == line, f"{name} is two lines"
                if name not in self.taken:
                    lines.append(line)
                self.taken[name] = line
            tail.entry.offset = chunk.end
        return lines

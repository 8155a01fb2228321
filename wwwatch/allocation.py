"""Memory that a scan lets go of serves its next page: to hand it back and ask for it anew costs more than a page."""

import ctypes
import os
import sys

_POLARS = ("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000")
"""What polars' allocator reads when polars is loaded."""

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _TOP_PAD, _ARENA_MAX = -3, -1, -2, -8
"""Options of glibc's mallopt(3), from malloc.h."""

_GLIBC = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 1 << 30, _TOP_PAD: 64 << 20, _ARENA_MAX: 2}
"""Arrays of up to 32 MiB (the most that mallopt takes) come from the heap, which is kept; threads share two heaps."""


def keep_memory() -> None:
    """Let this process keep the memory that it frees; to be called before polars is loaded."""
    os.environ.setdefault(*_POLARS)
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        for option, value in _GLIBC.items():
            mallopt(option, value)

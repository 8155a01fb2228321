"""Start a program that ends when its parent does, however the parent ends; standard library only, run by its path.

    python tether.py PARENT_PID PROGRAM [ARGUMENT ...]

A function between fork and exec would be unsafe in a process with threads, hence this little program in between.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
"""Source: Linux, prctl(2). The setting survives exec; other systems have nothing like it and go without."""


def tethered(command: list[str]) -> list[str]:
    """Return the command line that runs `command` bound to this process.

    The program gets SIGTERM when the thread that started it ends, so start it from one that lives as long as it should.
    """
    return [sys.executable, "-I", str(Path(__file__).resolve()), str(os.getpid()), *command]


def _main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)  # it died before we were bound to it
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])

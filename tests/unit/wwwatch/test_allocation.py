"""What a process frees it keeps."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
from wwwatch.allocation import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
import numpy as np
faults = []
for _ in range(5):
    held = [np.ones(3_000_000, np.uint8) for _ in range(30)]
    del held
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[0])
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="needs glibc")
def test_big_arrays_come_from_memory_that_was_kept() -> None:
    """The second round of arrays costs no more pages."""
    assert faults("keep") < faults("as it is") / 4

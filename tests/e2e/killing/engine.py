"""`wwwatch alert run` as a process, with leases that end soon, so that a hundred deaths fit into minutes.

python -m tests.e2e.killing.engine RULES
"""

import sys

from alerts.engine import lease
from wwwatch.cli import cli

SHORTER = 6.0
"""By how much everything about leases is faster than in production; their order stays as it is."""

if __name__ == "__main__":
    lease.BEAT, lease.TTL, lease.TRUST = lease.BEAT / SHORTER, lease.TTL / SHORTER, lease.TRUST / SHORTER
    cli(["alert", "run", "--rules", sys.argv[1]])

"""`wwwatch ship` as a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from shipper.registry import read_registry
from tests.server.logs import PATIENCE_SECONDS

MAIN = "from wwwatch.cli import main; main()"


class Command:
    """`wwwatch ship` with a state of its own."""

    def __init__(self, url: str, state: Path, namespace: str, **environment: str) -> None:
        own = {"WWWATCH_STATE": str(state), "WWWATCH_SHIP_NAMESPACE": namespace, "WWWATCH_SHIP_POLL_SECONDS": "0.05"}
        self.url = url
        self.environment = os.environ | own | environment
        self.registry = state / "ship" / f"{namespace}.json"

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        line = [sys.executable, "-c", MAIN, "--es-url", self.url, "ship", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(line, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    def offset(self) -> int:
        read = read_registry(self.registry)
        return max((entry.offset for entry in read[1].values()), default=0) if read else 0

    def status(self) -> dict[str, Any]:
        code, out, _ = self.run("--status", "--json")
        assert code == 0
        (status,) = json.loads(out)["files"]
        found: dict[str, Any] = status
        return found

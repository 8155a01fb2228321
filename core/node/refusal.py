"""Why a node did not start, in one sentence, read from its own log."""

import re
from pathlib import Path

from core.errors import NodeError

_TAIL_BYTES = 200_000
_KILLED = -9


def last_output(folder: Path, since: int) -> str:
    """Return what the JVM printed and what the server logged at this start.

    Args:
        folder: The node's folder.
        since: Size of its log before the start, in bytes.
    """
    texts = []
    for name, offset in (("console.log", 0), ("logs/elasticsearch.log", since)):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                file.seek(max(offset, path.stat().st_size - _TAIL_BYTES))
                texts.append(file.read().decode("utf-8", "replace"))
    return "\n".join(texts)


def refusal(output: str, code: int | None, *, folder: Path, port: int, heap: str) -> NodeError:
    """Return the error for a node that ended instead of starting.

    Args:
        output: What it printed and logged.
        code: Its exit code; negative is the signal that ended it.
        folder: The node's folder.
        port: The port it was given.
        heap: The heap it was given.
    """
    if re.search(r"failed to obtain node lock", output):
        return NodeError(
            f"the data folder {folder} is in use by another node", "stop it with `wwwatch es stop`, or choose another"
        )
    if re.search(r"BindHttpException|Address already in use", output):
        return NodeError(f"port {port} is taken", "choose another with --port; 0 takes any free one")
    if code == _KILLED or re.search(
        r"java\.lang\.OutOfMemoryError|Could not reserve enough space|insufficient memory|Cannot allocate memory",
        output,
    ):
        return too_little_memory(heap)
    checks = re.findall(r"bootstrap check failure \[\d+\] of \[\d+\]: (.*)", output)
    if checks:
        return NodeError(f"this machine refuses Elasticsearch: {'; '.join(checks)}", "change what it names, as root")
    if re.search(r"AccessDeniedException|Permission denied", output):
        return NodeError(f"Elasticsearch cannot write its folder {folder}", "choose a folder that its user owns")
    return NodeError(f"Elasticsearch did not start: {_reason(output, code)}", f"see {folder}/logs")


def too_little_memory(heap: str) -> NodeError:
    """Return the error for a heap that this machine has no room for."""
    return NodeError(
        f"there is too little free memory for a Java heap of {heap}", "free some, or choose a smaller --heap"
    )


def _reason(output: str, code: int | None) -> str:
    causes = re.findall(
        r"^(?:Caused by: |uncaught exception.*\n)?[\w.$]+(?:Exception|Error): (.+)$", output, re.MULTILINE
    )
    errors = re.findall(
        r"^(?:Error: |ERROR: |(?=Unrecognized))(.+)$|\[(?:ERROR|FATAL)\s*\]\[.*?\] (.+)$", output, re.MULTILINE
    )
    words = [*causes, *("".join(pair) for pair in errors)]
    return words[0][:300].rstrip(".") if words else f"it ended with code {code} and said nothing"

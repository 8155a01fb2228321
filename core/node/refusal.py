"""Why a node did not start, or ended, in one sentence, read from its own log."""

import re
from pathlib import Path

from core.errors import NodeError

_TAIL_BYTES = 200_000
_KILLED = -9
_SMALLER = "free some, or choose a smaller --heap"
_NO_MEMORY = "there is too little free memory for a Java heap of {heap}"
_OUT_OF_MEMORY = (
    r"java\.lang\.OutOfMemoryError|Could not reserve enough space|insufficient memory|Cannot allocate memory"
)
_CHECK = r"bootstrap check failure \[\d+\] of \[\d+\]: (.*)"
_KNOWN = (
    (
        r"failed to obtain node lock",
        "the data folder {folder} is in use by another node",
        "stop it with `wwwatch es stop`, or choose another",
    ),
    (
        r"BindHttpException|Address already in use",
        "port {port} is taken",
        "choose another with --port; 0 takes a free one",
    ),
    (_OUT_OF_MEMORY, _NO_MEMORY, _SMALLER),
    (_CHECK, "this machine refuses Elasticsearch: {checks}", "change what it names, as root"),
    (
        r"AccessDeniedException|Permission denied",
        "Elasticsearch cannot write its folder {folder}",
        "choose a folder that its user owns",
    ),
)
"""What its output holds, what that means, and what to do; the first that fits."""


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
    """Return the error for a node that ended by itself.

    Args:
        output: What it printed and logged.
        code: Its exit code; negative is the signal that ended it.
        folder: The node's folder.
        port: The port it was given.
        heap: The heap it was given.
    """
    if code == _KILLED:
        return NodeError("Elasticsearch was killed, as systems do when memory runs out", _SMALLER)
    for pattern, what, hint in _KNOWN:
        if re.search(pattern, output):
            checks = "; ".join(re.findall(_CHECK, output))
            return NodeError(what.format(folder=folder, port=port, heap=heap, checks=checks), hint)
    return NodeError(f"Elasticsearch ended: {_reason(output, code)}", f"see {folder}/logs")


def too_little_memory(heap: str) -> NodeError:
    """Return the error for a heap that this machine has no room for."""
    return NodeError(_NO_MEMORY.format(heap=heap), _SMALLER)


def _reason(output: str, code: int | None) -> str:
    causes = re.findall(
        r"^(?:Caused by: |uncaught exception.*\n)?[\w.$]+(?:Exception|Error): (.+)$", output, re.MULTILINE
    )
    errors = re.findall(
        r"^(?:Error: |ERROR: |(?=Unrecognized))(.+)$|\[(?:ERROR|FATAL)\s*\]\[.*?\] (.+)$", output, re.MULTILINE
    )
    words = [*causes, *("".join(pair) for pair in errors)]
    return words[0][:300].rstrip(".") if words else f"it ended with code {code} and said nothing"

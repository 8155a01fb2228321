"""What attackers ask for: paths that scanners try and payloads for parameters, in data/*.txt, all made up."""

from functools import cache
from importlib.resources import files
from urllib.parse import quote

STEMS = (
    "admin",
    "backup",
    "old",
    "test",
    "new",
    "site",
    "db",
    "data",
    "login",
    "index",
    "config",
    "shop",
    "api",
    "user",
)
SUFFIXES = (
    ".php",
    ".bak",
    ".zip",
    ".tar.gz",
    ".sql",
    ".old",
    ".txt",
    "~",
    ".swp",
    ".asp",
    ".jsp",
    "/",
    ".json",
    ".xml",
)
FAMILIES = ("sql", "traversal", "scripting", "commands")
PARAMETERS = ("id", "q", "page", "cat", "file", "lang", "sort", "user", "item", "ref")
_LEFT_RAW = "'\"();=<>,/*!:|{}[]$@`~^\\.-%"


@cache
def entries(name: str) -> tuple[str, ...]:
    """Return the lines of ``data/<name>.txt``."""
    text = files("simulator").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def scanned_paths() -> list[str]:
    """Return everything that a thorough scanner asks for, in its order."""
    return [*entries("paths"), *(f"/{stem}{suffix}" for stem in STEMS for suffix in SUFFIXES)]


def encoded(payload: str, times: int) -> str:
    """Return a payload percent-encoded for a query.

    Args:
        payload: Any text.
        times: 0 encodes only what no request line can hold, 1 everything, 2 everything twice.
    """
    if times == 0:
        return quote(payload, safe=_LEFT_RAW)
    for _ in range(times):
        payload = quote(payload, safe="")
    return payload

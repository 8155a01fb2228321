"""What attackers ask for: paths that scanners try and payloads for parameters, in data/*.txt, all made up."""

from functools import cache
from importlib.resources import files

from simulator.dice import Dice

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
FAMILIES = ("sql", "traversal", "scripting", "commands", "templates")
YEARS = ("2022", "2023", "2024", "2025", "2026")
PARAMETERS = ("id", "q", "page", "cat", "file", "lang", "sort", "user", "item", "ref")


@cache
def entries(name: str) -> tuple[str, ...]:
    """Return the lines of ``data/<name>.txt``."""
    text = files("simulator").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


@cache
def groups(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the blocks of ``data/<name>.txt``, which empty lines part: what one bot asks for."""
    blocks: list[list[str]] = [[]]
    for line in entries(name):
        if line:
            blocks[-1].append(line)
        else:
            blocks.append([])
    return tuple(tuple(block) for block in blocks if block)


def repertoires() -> tuple[tuple[str, ...], ...]:
    """Return what bots ask for, each its own row: those that look for secrets, and those that look for software."""
    return groups("probes") + groups("knocks")


def directory_words(dice: Dice) -> list[str]:
    """Return the words that tools for directories try: common ones, their plurals and years, and plain ones."""
    common = entries("dirs")
    made = [f"{word}{end}" for word in common for end in ("", "s", "1", "2", "_old", "-new", dice.pick(YEARS))]
    made += [
        *entries("words"),
        *(f"{first}{second}" for first in common[::7] for second in ("data", "log", "x", "-en")),
    ]
    return sorted(set(made)) if dice.chance(0.7) else dice.shuffled(made)


def mixed_paths(dice: Dice) -> list[str]:
    """Return directories with files below, as scanners for one engine combine them."""
    end = dice.pick((".php", ".asp", ".aspx", ".jsp", ".cgi", ".bak", ".zip"))
    inner = dice.shuffled(entries("dirs"))[:12]
    return [f"/{outer}/{name}{end}" for outer in entries("dirs") for name in inner]


def words(dice: Dice) -> list[str]:
    """Return plain directories, with a slash at the end or without."""
    end = dice.pick(("", "/"))
    return [f"/{word}{end}" for word in directory_words(dice)]


def scanned_paths() -> list[str]:
    """Return everything that a thorough scanner asks for, in its order."""
    return [*entries("paths"), *(f"/{stem}{suffix}" for stem in STEMS for suffix in SUFFIXES)]

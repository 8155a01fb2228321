"""Reads watches from files; what is wrong is said with the file, the place in it and what is allowed there."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alerts.language.model import Watch, WatchBody
from alerts.mails.templating import check_templates
from core.errors import RuleError

SHIPPED = Path(__file__).parents[1] / "rules"
_TEST = ".test.json"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def read_watches(folders: Iterable[Path] = ()) -> list[Watch]:
    """Read the shipped watches and those of further folders; a file of the same name takes the shipped one's place.

    Raises:
        RuleError: A folder cannot be read, or a watch is malformed: every wrong file is named.
    """
    files: dict[str, Path] = {}
    for folder in (SHIPPED, *folders):
        if not folder.is_dir():
            raise RuleError(f"cannot read watches from {folder}", "no such folder; check --rules")
        files.update({path.stem: path for path in sorted(folder.glob("*.json")) if not path.name.endswith(_TEST)})
    watches, problems = [], []
    for path in files.values():
        try:
            watches.append(read_watch(path))
        except RuleError as error:
            problems.append(error)
    if problems:
        raise RuleError("; ".join(error.what for error in problems), problems[0].hint)
    return watches


def read_watch(path: Path) -> Watch:
    """Read one watch.

    Raises:
        RuleError: The file cannot be read or does not hold a watch that is supported.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RuleError(f"cannot read the watch {path}: {error}", "correct the file") from error
    return parse_watch(data, path)


def parse_watch(data: Any, path: Path) -> Watch:
    """Return the watch that a JSON value holds; `path` names it and says where its templates lie.

    Raises:
        RuleError: It is malformed or has parts that are not supported.
    """
    if not _ID.fullmatch(path.stem):
        raise RuleError(f"the watch {path} has an unusable name", "use letters, digits, - and _ before .json")
    try:
        body = WatchBody.model_validate(data)
    except ValidationError as error:
        raise RuleError(f"the watch {path} is malformed: {_sentences(error)}", "correct the file") from None
    watch = Watch(path.stem, body, path.parent, data.get("metadata", {}))
    check_templates(watch)
    return watch


def _sentences(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"at {_pointer(problem['loc'])}: {_plain(problem['msg'])}" for problem in problems)


def _pointer(location: tuple[int | str, ...]) -> str:
    """Write a place as JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location) or "/"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")

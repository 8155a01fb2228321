"""Which watches there are: those in files, and those kept in Elasticsearch; a broken one of these fails alone."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.channels.message import parse_address
from alerts.engine.store import StatusStore
from alerts.language.files import SHIPPED, parse_watch
from alerts.language.model import Watch
from core.documents import Document
from core.errors import RuleError, SettingsError, StoreError, WwwatchError
from core.settings import SmtpSettings
from core.text import visible

log = logging.getLogger(__name__)

STORED = "Elasticsearch"
_READ_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Library:
    """All watches.

    Attributes:
        watches: What can be run, by id.
        sources: Where each lies, by id: a folder, or `STORED`.
        problems: Why a stored one cannot be run, by id.
        hidden: Stored ones whose id a file has, too: the file is run.
    """

    watches: Mapping[str, Watch]
    sources: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def find(self, watch_id: str) -> Watch:
        """Return a watch.

        Raises:
            RuleError: There is none of this name, or it is malformed.
        """
        if watch_id in self.problems:
            raise RuleError(self.problems[watch_id], "correct it in Elasticsearch")
        if watch_id not in self.watches:
            raise RuleError(f"there is no watch {visible(watch_id)!r}", "see `wwwatch alert list`, or give --rules")
        return self.watches[watch_id]


class Shelf:
    """Keeps the library of one engine up to date.

    Args:
        files: The watches of files.
        store: Where the others are kept.
        smtp: Who is mailed where a watch does not say it.
    """

    def __init__(self, files: Sequence[Watch], store: StatusStore, smtp: SmtpSettings) -> None:
        self.library = build_library(files, {}, smtp)
        self._files, self._store, self._smtp = tuple(files), store, smtp
        self._read: datetime | None = None

    def is_old(self, now: datetime) -> bool:
        """Tell whether it is time to read again."""
        return self._read is None or not self._read <= now < self._read + _READ_EVERY

    def read(self, now: datetime) -> set[str]:
        """Read again, and return the watches that are as they were; what is wrong is logged when it is new."""
        before = self.library
        try:
            self.library = build_library(self._files, self._store.stored(), self._smtp)
            self._read = now
        except StoreError as error:
            log.warning("%s", visible(error, 1000))
        for name in self.library.hidden - before.hidden:
            log.warning("the watch %s is in Elasticsearch and in a file: the file is run", visible(name))
        for name, problem in self.library.problems.items():
            if problem != before.problems.get(name):
                log.warning("%s", problem)
        return {name for name, watch in before.watches.items() if self.library.watches.get(name) == watch}


def build_library(files: Sequence[Watch], stored: Mapping[str, Document], smtp: SmtpSettings) -> Library:
    """Return the watches of files and of Elasticsearch together; a file of the same name wins.

    Args:
        files: Those that were read from files.
        stored: Those that Elasticsearch holds, by id, as JSON.
        smtp: Who is mailed where a watch does not say it.
    """
    watches = {watch.id: watch for watch in files}
    sources = {watch.id: "shipped" if watch.folder == SHIPPED else str(watch.folder) for watch in files}
    problems = {}
    for name, document in sorted(stored.items()):
        if name in watches:
            continue
        sources[name] = STORED
        try:
            watch = parse_watch(document, SHIPPED / f"{name}.json")
            check_recipients(watch, smtp)
        except WwwatchError as error:
            problems[name] = visible(error, 1000)
        else:
            watches[name] = watch
    hidden = frozenset(name for name in stored if name in {watch.id for watch in files})
    return Library(watches, sources, problems, hidden)


def check_recipients(watch: Watch, smtp: SmtpSettings) -> None:
    """See that each mail of a watch has somebody to go to.

    Raises:
        SettingsError: A watch mails to the settings' recipients and there are none.
        RuleError: A recipient of the settings is no address.
    """
    for address in smtp.to:
        parse_address(address)
    for name, action in watch.body.actions.items():
        if action.email is not None and not action.email.to and not smtp.to:
            what = f"the watch {watch.id} has nobody to mail to in its action {name}"
            raise SettingsError(what, "set smtp.to in wwwatch.yml")

"""Who the node runs as, and which folders that user can reach: Elasticsearch refuses to run as root."""

import hashlib
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from core.errors import NodeError

_UNPRIVILEGED = "nobody"
_SYSTEM_CACHE = Path("/var/cache/wwwatch")
_SYSTEM_DATA = Path("/var/lib/wwwatch")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine by number."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Say whether this user may pass through a folder (or what exists of its way)."""
        path = folder.resolve()
        return all(self._may_pass(step) for step in (path, *path.parents) if step.exists())

    def _may_pass(self, folder: Path) -> bool:
        info = folder.stat()
        if info.st_uid == self.uid:
            return bool(info.st_mode & 0o100)
        return bool(info.st_mode & (0o010 if info.st_gid == self.gid else 0o001))


def node_account() -> Account | None:
    """Return whom to run as: None for the current user, an unprivileged one where that is root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        return Account(65534, 65534)  # containers without a user list
    return Account(entry.pw_uid, entry.pw_gid)


def reachable_cache(cache: Path, account: Account | None) -> Path:
    """Return the download folder: root's own home is closed to the node's user, so root uses the system's."""
    return cache if account is None or account.can_enter(cache) else _SYSTEM_CACHE


def node_folder(data: Path | None, state: Path, account: Account | None) -> Path:
    """Return the folder of a node that keeps its data.

    Args:
        data: The folder that the user chose, or None.
        state: The state folder; the node's lies in it, or for root, where that is closed, below the system's.
        account: Whom the node runs as.

    Raises:
        NodeError: The chosen folder is closed to the node's user.
    """
    folder = (data or state / "node").absolute()
    if account is None or account.can_enter(folder):
        return folder
    if data is None:
        return _SYSTEM_DATA / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    raise NodeError(
        f"the data folder {folder} cannot be reached by the unprivileged user that Elasticsearch runs as",
        "choose a folder that others may enter, e.g. below /var/lib",
    )

"""Who the node runs as, and where its folders lie then."""

import os
from pathlib import Path

import pytest

from core.errors import NodeError
from core.node.account import Account, node_account, node_folder, reachable_cache

STRANGER = Account(54321, 54321)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that only its owner may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_root_runs_it_as_somebody_else() -> None:
    """Anybody else runs it as himself."""
    account = node_account()

    assert (account is not None and account.uid != 0) if os.geteuid() == 0 else account is None


def test_closed_folder_keeps_a_stranger_out_but_not_its_owner(closed: Path) -> None:
    """Also from what does not exist yet inside."""
    info = closed.stat()

    assert not STRANGER.can_enter(closed / "new" / "folder")
    assert Account(info.st_uid, info.st_gid)._may_pass(closed)


def test_group_bit_counts_for_the_group(closed: Path) -> None:
    """The bits for others do not count for the group's members."""
    closed.chmod(0o701)

    assert not Account(54321, closed.stat().st_gid)._may_pass(closed)
    assert STRANGER._may_pass(closed)


def test_open_path_is_passed() -> None:
    """The system's folders are open to all."""
    assert STRANGER.can_enter(Path("/usr/lib"))


def test_closed_cache_gives_way_to_the_systems(closed: Path) -> None:
    """Only where the node runs as somebody else."""
    assert reachable_cache(closed, None) == closed
    assert reachable_cache(closed, STRANGER) == Path("/var/cache/wwwatch")


def test_node_lies_in_the_state_folder(tmp_path: Path) -> None:
    """By default, and where the user says otherwise, there."""
    assert node_folder(None, tmp_path, None) == tmp_path / "node"
    assert node_folder(tmp_path / "data", tmp_path, None) == tmp_path / "data"


def test_closed_state_folders_get_one_system_folder_each(closed: Path) -> None:
    """So that two state folders never share a node."""
    first, second = (node_folder(None, closed / name, STRANGER) for name in ("a", "b"))

    assert first.parent == second.parent == Path("/var/lib/wwwatch")
    assert first != second


def test_closed_data_folder_is_refused(closed: Path) -> None:
    """The user chose it: so say it."""
    with pytest.raises(NodeError, match=r"cannot be reached by the unprivileged user.*choose a folder"):
        node_folder(closed, closed, STRANGER)

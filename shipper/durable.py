"""Files that survive a loss of power: written whole, under a name that is on the disk, too."""

import os
from collections.abc import Iterable
from pathlib import Path


def replace_file(path: Path, texts: Iterable[str]) -> None:
    """Write a file anew, so that a crash leaves the old one or the new one, never half of one.

    Args:
        path: The file; its new content lies beside it as ``<name>.new`` until it is whole.
        texts: What it holds then.

    Raises:
        OSError: The disk refuses.
    """
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(texts)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Return when the folder's names are on the disk: without this a rename may be lost with the power.

    Raises:
        OSError: The disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

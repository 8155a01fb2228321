"""Who a file is: its name may change, and another file may take its name or its inode."""

import hashlib
import os

HEAD_BYTES = 4_096
"""How much of the first line tells a file from the next one at the same inode."""


def read_head(descriptor: int, *, closing: bool) -> bytes | None:
    """Return the file's first line, or its first `HEAD_BYTES`; None while that is still being written.

    Args:
        descriptor: The open file.
        closing: Nothing more is expected: take a first line without its end, too.
    """
    head = os.pread(descriptor, HEAD_BYTES, 0)
    line, newline, _ = head.partition(b"\n")
    if newline or len(head) == HEAD_BYTES or (closing and head):
        return line
    return None


def identify(host: str, device: int, inode: int, head: bytes, generation: int) -> str:
    """Return a file's identity, 16 hexadecimal digits.

    Args:
        host: The machine's name.
        device: The file system's number.
        inode: The file's number in it.
        head: The first line.
        generation: How often a file of this inode and first line was emptied and written anew.
    """
    digest = hashlib.sha256(f"{host}\0{device}\0{inode}\0{generation}\0".encode("utf-8", "surrogateescape") + head)
    return digest.hexdigest()[:16]

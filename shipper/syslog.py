"""Syslog as web servers and relays send it: frames out of a stream, and the line behind the header.

RFC 3164 and RFC 5424 headers; RFC 6587 framing: octet counting and, where there is none, newlines.
"""

import re

from shipper.reader import MAX_LINE

_PRI = rb"<\d{1,3}>"
_RFC3164 = (
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^ \n]{0,16}) "
    # A host, which nginx's `nohostname` and local senders leave out, and the tag with its process.
    rb"(?:[^\s\"\[\]]{1,255} )?[^\s:\"\[\]]{1,255}(?:\[[^\]\s]{0,64}\])?: ?"
)
_RFC5424 = (
    rb"1 (?:[^\s]{1,255} ){5}"
    # Structured data: none, or elements with quoted values, in which a ] may stand escaped.
    rb"(?:-|(?:\[[^\s\"\]]{1,255}(?: [^\s\"=\]]{1,64}=\"(?:[^\"\\\n]|\\.)*+\")*+\])++)(?: (?:\xef\xbb\xbf)?|(?=\n|\Z))"
)
_HEADER = re.compile(rb"^" + _PRI + rb"(?:" + _RFC5424 + rb"|" + _RFC3164 + rb")", re.MULTILINE)

_COUNT = re.compile(rb"([1-9]\d{0,6}) (?=<\d{1,3}>)")
_COUNTED = re.compile(rb"\n[1-9]\d{0,6} <\d{1,3}>")
_COUNT_BEGUN = re.compile(rb"\d{1,7}(?: (?:<\d{0,3})?)?\Z")


def strip_headers(lines: bytes) -> bytes:
    """Return the lines without their syslog headers; a line without one stays as it is.

    Args:
        lines: Whole lines, each with its end.
    """
    return _HEADER.sub(b"", lines)


def as_line(message: bytes) -> bytes:
    r"""Return a message as one line with its end; line breaks within it become ``\x0a``."""
    message = message.rstrip(b"\r\n\0")
    return (message.replace(b"\n", b"\\x0a") if b"\n" in message else message) + b"\n"


class Frames:
    """The messages of one connection.

    Args:
        is_syslog: Frames may begin with their length; else there are lines alone.
    """

    def __init__(self, *, is_syslog: bool) -> None:
        self._is_syslog = is_syslog
        self._rest = b""
        self._is_cut = False

    def feed(self, data: bytes) -> bytes:
        """Return the whole messages that are there now, each as a line with its end."""
        data, position = self._rest + data, 0
        found: list[bytes] = []
        while position < len(data):
            count = self._count(data, position)
            if count:
                end = count.end() + int(count[1])
                if end > len(data):
                    break
                found.append(as_line(data[count.end() : end]))
            elif self._is_syslog and _COUNT_BEGUN.match(data, position):
                break
            else:
                end = self._find_end(data, position)
                if not end:
                    break
                found.append(self._uncut(data[position:end]))
            position = end
        self._rest = data[position:]
        return b"".join([*found, self._cut()])

    def close(self) -> bytes:
        """Return what stood at the end of the connection without a line end."""
        data, self._rest = self._rest, b""
        return as_line(data) if data and not self._is_cut else b""

    def _count(self, data: bytes, position: int) -> re.Match[bytes] | None:
        count = _COUNT.match(data, position) if self._is_syslog and not self._is_cut else None
        return count if count and int(count[1]) <= 2 * MAX_LINE else None

    def _find_end(self, data: bytes, position: int) -> int:
        """Return where the lines end that can be taken in one piece; 0 where none has come to its end."""
        counted = _COUNTED.search(data, position) if self._is_syslog else None
        return (counted.start() if counted else data.rfind(b"\n", position)) + 1

    def _uncut(self, lines: bytes) -> bytes:
        """Drop the rest of a line of which what is kept was passed on."""
        if self._is_cut:
            self._is_cut = False
            return lines[lines.find(b"\n") + 1 :]
        return lines

    def _cut(self) -> bytes:
        """Pass on what is kept of a line that is too long, and forget the rest of it."""
        if self._is_cut:
            self._rest = b""
        elif len(self._rest) > 2 * MAX_LINE and not self._count(self._rest, 0):
            kept, self._rest, self._is_cut = self._rest[: MAX_LINE + 1], b"", True
            return kept + b"\n"
        return b""

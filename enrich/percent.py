"""Percent-encoding: every escape, in whichever letters it is written, and the character of its byte's number."""

_HEX = "0123456789abcdefABCDEF"
ESCAPES = [f"%{high}{low}" for high in _HEX for low in _HEX]
BYTES = [chr(int(escape[1:], 16)) for escape in ESCAPES]
ASCII_ESCAPES = [escape for escape, byte in zip(ESCAPES, BYTES, strict=True) if byte.isascii()]
ASCII_CHARACTERS = [byte for byte in BYTES if byte.isascii()]

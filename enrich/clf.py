"""The common log format and its many extensions.

The patterns of the plain ones are written by hand, because nearly every log is one of them: they are anchored nowhere
at the end, so that what was appended to a line does no harm.
"""

from enrich.shapes import METHOD, QUOTED

ADDRESS = r"[0-9A-Za-z.:_\-\[\]%]+"
_PEER = r" *(?P<address>[^ \-][^ ]*)"
_HOST = r"(?P<domain>\[[^\] ]*\]|[^ :\[\-][^ :]*)(?::(?P<server_port>[0-9]+))?"
VHOST = rf" *{_HOST} "
_LIST = (
    rf' *(?:{_HOST} )?(?:"(?P<forwarded>{ADDRESS}(?:, *{ADDRESS})*)"|(?P<forwarded_list>{ADDRESS}(?:, *{ADDRESS})+))'
)
_TIME = r"\[(?P<time>[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8} [+\-][0-9]{4})\]"
_CLEAN_REQUEST = rf'"{METHOD} (?P<url>(?:[^ "\\]|\\.)+) HTTP/(?P<version>[0-9.]+)"'
_ANY_REQUEST = rf'"(?P<request>{QUOTED})"'
_RESULT = r"(?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-)"
_AGENT = rf'"(?P<referrer>{QUOTED})" "(?P<user_agent>{QUOTED})"'

_USER = rf" [^ ]+ (?P<user>[^ ]+) {_TIME}"
# What looks like an address in the second place is one, after a host or a list: not what identd said.
_USER_SPACED = rf" [^ .:]+ (?P<user>.*?) {_TIME}"
_WHO = rf"{_PEER}{_USER}"
_WHO_SPACED = rf"{_PEER}{_USER_SPACED}"
_RAW_QUOTES = rf'"(?P<request>.*?)" {_RESULT} "(?P<referrer>.*?)" "(?P<user_agent>.*)"'
_COMMON_END = r"(?: [^\"]*)?$"
_REST = rf'"(?P<request>{QUOTED})" {_RESULT}(?: "(?P<referrer>{QUOTED})" "(?P<user_agent>{QUOTED})")?'

_PROXIED = (
    rf"^{_LIST} (?P<address>{ADDRESS}){_USER_SPACED} {_REST}",
    rf"^{_LIST}{_USER_SPACED} {_REST}",
)
"""X-Forwarded-For in front of the line, with the client of the connection after it, or as its last address."""

_OTHER_HOST = (
    rf"^{VHOST}{_WHO_SPACED} {_REST}",
    rf"^{_WHO_SPACED} {_REST}",
    rf"^{_PEER} (?:- )?{_TIME} {_REST}",
)
"""Lines with a host in a log without, and the other way round; a line that lost its user."""


def combined(before: str) -> tuple[str, ...]:
    """Return the patterns of the combined format after what `before` matches."""
    return (
        rf"^{before}{_WHO} {_CLEAN_REQUEST} {_RESULT} {_AGENT}",
        rf"^{before}{_WHO_SPACED} {_ANY_REQUEST} {_RESULT} {_AGENT}",
        rf"^{before}{_WHO_SPACED} {_RAW_QUOTES}",
    )


def neighbours(before: str = "") -> tuple[str, ...]:
    """Return patterns for the lines of other formats of the family that get into a log."""
    return (rf"^{before}{_WHO_SPACED} {_ANY_REQUEST} {_RESULT}", *_PROXIED, *_OTHER_HOST)


def common() -> tuple[str, ...]:
    """Return the patterns of the common format, with numbers after it perhaps."""
    return (
        rf"^{_WHO} {_CLEAN_REQUEST} {_RESULT}{_COMMON_END}",
        rf"^{_WHO_SPACED} {_ANY_REQUEST} {_RESULT}{_COMMON_END}",
        rf'^{_WHO_SPACED} "(?P<request>.*)" {_RESULT}{_COMMON_END}',
    )


_CLF = '{address} {} {user} [{time}] "{request}" {status} {bytes}'
COMBINED_SHAPE = f'{_CLF} "{{referrer}}" "{{user_agent}}"'
COMMON_SHAPE = _CLF
_ADDRESS_LIST = r"-|[0-9a-fA-F:.%\[\]]+(?:, *[0-9a-fA-F:.%\[\]]+)*"
_FORWARDED = f' "{{forwarded:{_ADDRESS_LIST}}}"'
_SECONDS = r"{seconds:\d+\.\d+}"
_UPSTREAM = r"{label_upstream_response_time:-|\d+\.\d+(?:(?:,| :) (?:-|\d+\.\d+))*}"
FORWARDED_SHAPE = f"{COMBINED_SHAPE}{_FORWARDED}"
TIMED_SHAPES = tuple(
    f"{COMBINED_SHAPE}{forwarded}{tail}"
    for forwarded in (_FORWARDED, "")
    for tail in (
        f" {_SECONDS}",
        f" {_SECONDS} {_UPSTREAM}",
        f' "{_SECONDS}"',
        f' "{_SECONDS}" "{_UPSTREAM}"',
        f' rt={_SECONDS} uct="{{}}" uht="{{}}" urt="{_UPSTREAM}"',
        f' rt={_SECONDS} ua="{{}}" us="{{}}" ut="{_UPSTREAM}" ul="{{}}" cs={{}}',
    )
)
MICROS_SHAPE = f"{COMBINED_SHAPE} {{micros:\\d+}}"
IO_SHAPE = f"{COMBINED_SHAPE} {{request_bytes:\\d+|-}} {{response_bytes:\\d+|-}}"

"""What a server's configuration says of its logs: the formats by name, and which file is in which."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.errors import FormatError
from enrich.directive import compile_apache, compile_nginx
from enrich.entry import Format

_NGINX_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | '(?P<single>(?:[^'\\]|\\.)*)' | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<mark>[;{}])"""
    r"""| (?P<word>(?:\$\{\w+\}|[^\s;{}'"])+)""",
    re.VERBOSE | re.DOTALL,
)
_APACHE_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_APACHE_LINE = re.compile(r"^\s*(LogFormat|CustomLog|TransferLog)\s+(.*)$", re.IGNORECASE)
_NGINX_COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
_APACHE_COMMON = '%h %l %u %t "%r" %>s %b'
_PAIR = 2


@dataclass(slots=True)
class Conf:
    """The log formats of a configuration.

    Attributes:
        compile: From a directive's text and name to the format.
        texts: Directives by name.
        files: From a log file's path to its format's name.
    """

    compile: Callable[[str, str], Format]
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Format:
        """Return a format by its name in the configuration.

        Raises:
            FormatError: There is none of this name, or it cannot be used.
        """
        if name not in self.texts:
            known = ", ".join(self.texts) or "none at all"
            raise FormatError(f"the configuration has no log format {name!r}", f"it has {known}")
        return self.compile(self.texts[name], "LogFormat" if "%" in name else name)

    def choose(self, path: str) -> Format | None:
        """Return the format of a log file, by its path or, where that is not there, its name; None where nothing says.

        Raises:
            FormatError: The format cannot be used.
        """
        name = self.files.get(path)
        if name is None:
            last = PurePosixPath(path).name
            named = {format_ for each, format_ in self.files.items() if PurePosixPath(each).name == last}
            name = named.pop() if len(named) == 1 else None
        if name is None and len(self.texts) == 1 and not self.files:
            name = next(iter(self.texts))
        return self.find(name) if name in self.texts else None


def read_conf(text: str) -> Conf:
    """Read nginx's or Apache's configuration: `log_format` and `access_log`, or `LogFormat` and `CustomLog`.

    Args:
        text: The file's text, or what ``nginx -T`` prints.

    Raises:
        FormatError: It says nothing of logs.
    """
    conf = _read_nginx(text) if re.search(r"\b(?:log_format|access_log)\b", text) else _read_apache(text)
    if not conf.texts and not conf.files:
        raise FormatError("the configuration says nothing of logs", "name one with log_format or LogFormat in it")
    return conf


def formats_in_conf(text: str) -> dict[str, Format]:
    """Return the formats of a configuration that can be used, by name."""
    conf, found = read_conf(text), {}
    for name in conf.texts:
        try:
            found[name] = conf.find(name)
        except FormatError:
            continue
    return found


def _read_nginx(text: str) -> Conf:
    conf = Conf(compile_nginx)
    for words in _nginx_directives(text):
        if words[0] == "log_format" and len(words) > _PAIR:
            parts = [word for word in words[2:] if not word.startswith("escape=")]
            conf.texts[words[1]] = "".join(parts)
        elif words[0] == "access_log" and len(words) >= _PAIR and words[1] != "off":
            given = [word for word in words[2:] if "=" not in word]
            conf.files[words[1]] = given[0] if given else "combined"
    if "combined" in conf.files.values():
        conf.texts.setdefault("combined", _NGINX_COMBINED)
    return conf


def _nginx_directives(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for match in _NGINX_TOKEN.finditer(text):
        if match["mark"]:
            if words and match["mark"] == ";":
                yield words
            words = []
        elif match["word"] is not None:
            words.append(match["word"])
        elif match["single"] is not None or match["double"] is not None:
            quoted = match["single"] if match["single"] is not None else match["double"]
            words.append(re.sub(r"\\([\\'\"])", r"\1", quoted))


def _read_apache(text: str) -> Conf:
    conf = Conf(compile_apache)
    for line in text.replace("\\\n", " ").splitlines():
        match = _APACHE_LINE.match(line)
        if not match:
            continue
        words = [quoted or bare for quoted, bare in _APACHE_WORD.findall(match[2])]
        kind = match[1].lower()
        if kind == "logformat" and words:
            conf.texts[words[1] if len(words) > 1 else "default"] = words[0]
        elif kind == "customlog" and len(words) > 1:
            conf.files[words[0]] = words[1]
            if "%" in words[1]:
                conf.texts[words[1]] = words[1]
        elif kind == "transferlog" and words:
            conf.texts.setdefault("default", _APACHE_COMMON)
            conf.files[words[0]] = "default"
    return conf

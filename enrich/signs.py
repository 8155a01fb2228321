"""Attack signs in URLs: the one table that enrichment and detection share.

URLs are decoded twice before they are matched, because attackers encode twice to pass filters that decode once.

Nearly all URLs are boring, and one simple expression, the signs' hints together, says so in one pass; what it takes is
matched sign by sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import polars as pl

from enrich.logins import LOGIN_PATH
from enrich.programs import CRAWLER_AGENT, SCANNER_AGENT, TOOL_AGENT

__all__ = [
    "ASSET_PATH",
    "CRAWLER_AGENT",
    "EXPLOITS",
    "LOGIN_PATH",
    "PROBES",
    "SCANNER_AGENT",
    "SIGNS",
    "TOOL_AGENT",
    "Sign",
    "decode",
    "mark_signs",
    "match_signs",
    "name_signs",
]


@dataclass(frozen=True, slots=True)
class Sign:
    """One class of attack signs.

    Attributes:
        name: Short word, used as a column name and in reasons.
        meaning: What a match suggests, as a clause.
        technique: MITRE ATT&CK technique.
        pattern: Rust regular expression over the twice-decoded, lower-case URL.
        hint: A simple expression, without counters and word borders, that takes whatever the pattern takes.
    """

    name: str
    meaning: str
    technique: str
    pattern: str
    hint: str


SIGNS = (
    Sign(
        "sqli",
        "SQL injection",
        "T1190",
        r"union(\s|/\*.*?\*/|\()+(all|distinct)(\s|/\*.*?\*/)*\(?select"
        r"|union(\s|/\*.*?\*/|\()+select(\s|/\*.*?\*/)*(null|\d|[@*('\"`]|[\w.`]+(\s*[,(]|\s+from\b|\s*(--|#|/\*)))"
        r"|\(\s*select\b.{1,80}\bfrom\b|\bselect\s+(@@|(\*|[\w.`]+\s*[,(]).{0,80}\bfrom\b|[\w.`]+\s+from\s+[\w.`]+\s*(where\b|limit\b|--|#|;|\)))"
        r"|['\"`)]\s*(or|and)\s+['\"(]?\w+['\")]?\s*(=|like\s+['\"]|<|>)|\b(or|and)\s+\d+\s*=\s*\d+"
        r"|\b(sleep|benchmark)\s*\(\s*(\d+\s*[,)]|if\b|case\b|select\b|\()|\b(pg_sleep|extractvalue|updatexml|load_file)\s*\(|waitfor\s+delay"
        r"|information_schema|into\s+(out|dump)file|xp_cmdshell|order\s+by\s+\d+\s*(--|#)"
        r"|;\s*(drop\s+(table|database)|insert\s+into|update\s+\w+\s+set|delete\s+from|shutdown\b)|['\"]\s*(--|#|;\s*(--|$))",
        r"union|select|information_schema|(or|and|order|drop|insert|update|delete)\s|shutdown|sleep|benchmark"
        r"|extractvalue|updatexml|load_file|waitfor|outfile|dumpfile|xp_cmdshell|['\"]",
    ),
    Sign(
        "xss",
        "cross-site scripting",
        "T1190",
        r"<\s*(script|svg|img|iframe|body|object|embed)\b|javascript:[^\s&]|\bon(error|load|mouseover|focus|click)\s*="
        r"|document\.(cookie|location)|\b(alert|prompt|confirm)[(`]|string\.fromcharcode",
        r"<|javascript:|on(error|load|mouseover|focus|click)|document\.(cookie|location)|(alert|prompt|confirm)[(`]|fromcharcode",
    ),
    Sign(
        "traversal",
        "path traversal",
        "T1190",
        r"(\.\.[/\\]){2,}|\.\.[/\\].{0,60}(etc|windows|boot\.ini|win\.ini)|/etc/(passwd|shadow|hosts|group)\b|/proc/self/|c:[/\\]+windows"
        # The overlong %c0%ae%c0%ae and ..%c0%af as `decode` leaves them; one %e0%ae alone is Tamil.
        r"|(\x{e0}\x{ae}){2}|\.\.\x{e0}\x{af}|\.\.;/",
        r"\.\.[/\\;\x{e0}]|/etc/(passwd|shadow|hosts|group)|/proc/self/|c:[/\\]|\x{e0}\x{ae}\x{e0}\x{ae}",
    ),
    Sign(
        "rce",
        "remote code or command execution",
        "T1190",
        r"\$\{jndi:|\(\)\s*\{\s*:|php://(input|filter)|data://text|expect://|allow_url_include|auto_prepend_file|/bin/(ba)?sh\b"
        # `&id=7`, `name|id` and `dog;cat food` are innocent: a command has an argument that looks like one, or an end.
        r"|[;|`&]\s*(cat|wget|curl|nc|bash|sh|ping|powershell|cmd|rm|chmod)\s+\S*[-/.$]|[;|`&]\s*(whoami|uname|ifconfig)\s*([;|`&)#]|-|$)"
        r"|(;|`|&&|\|\|)\s*id\s*([;|`)#]|&&|$)|\$\((id|whoami|curl|wget|cat)\b"
        r"|[?&](cmd|exec|command|execute)=\s*((cat|wget|curl|nc|bash|sh|id|whoami|uname|ping|powershell|ls|dir|cd|rm|echo|ipconfig|ifconfig)\b|/|\$)"
        r"|phpunit.{0,60}eval-stdin|invokefunction|call_user_func|runtime\.getruntime|cgi-bin/.{0,40}(\.\./|%%32)|<\?php"
        # A template injection computes or reaches for an object; a mailing's unexpanded {{campaign.name}} does neither.
        r"|\{\{\s*(\d+\s*[*+]|['\"(\[]|config\b|self\b|_self|request\.|.{0,30}(__|\())",
        r"\$[{(]|\(\)|php://|data://|expect://|allow_url_include|auto_prepend_file|/bin/|[;|`&]\s*(cat|wget|curl|nc|bash|sh|ping|powershell|cmd|rm|chmod)\s"
        r"|whoami|uname|ifconfig|[;`|&]\s*id|[?&](cmd|exec|command|execute)=|phpunit|invokefunction|call_user_func|getruntime|cgi-bin/|<\?php|\{\{",
    ),
    Sign(
        "sensitive",
        "a file that no visitor asks for",
        "T1595.003",
        r"/\.(env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|vscode|npmrc|docker)|wp-config|/(id_rsa|web\.config|composer\.(json|lock)|config\.(yml|yaml|inc|bak))"
        r"|/credentials(\.|/|\?|$)|^[^?]*\.(sql|bak|old|swp|orig|save|backup|dump|pem|p12|pfx)(\.gz)?(\?|$)|/(private|privkey|server|ssl|localhost)[^/?]{0,20}\.key(\?|$)"
        r"|/(backups?|bak|dump|database|db|mysql|sql|www|wwwroot|htdocs|public_html|site|website)[-_.\d]{0,12}(\.tar)?\.(zip|tar|tgz|gz|bz2|xz|rar|7z|sql)(\?|$)"
        r"|/(server-status|server-info|phpinfo)|/(php)?info\.php|/actuator(/|\?|$)",
        r"/\.(env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|vscode|npmrc|docker)|wp-config|/(id_rsa|web\.config|composer\.|config\.)|/credentials"
        r"|\.(sql|bak|old|swp|orig|save|backup|dump|pem|p12|pfx|key|zip|tar|tgz|gz|bz2|xz|rar|7z)([.?]|$)|/(server-|phpinfo)|info\.php|/actuator",
    ),
    Sign(
        "admin",
        "an administration panel",
        "T1595.003",
        r"phpmyadmin|/pma\d*/|/myadmin|/adminer|/wp-admin/(setup|install)|/manager/html|/admin(\.php|/login|istrator(/|\?|$)|/config|/index|\?|$|/$)|/solr/|^/jenkins(/|\?|$)"
        r"|/console/(login|css/)|/cgi-bin/(luci|printenv|test-cgi|php|status|nobody|supervisor|kerbynet)"
        r"|/(boaform|hnap1|gponform|setup\.cgi|owa/|ecp/|telescope/requests|_ignition|vendor/phpunit|druid/(index|login)|nacos/|geoserver/)"
        r"|/autodiscover\.json",
        r"phpmyadmin|/pma|/myadmin|/adminer|/wp-admin/(setup|install)|/manager/html|/admin([./?]|$|istrator)|/solr/|/jenkins|/console/|/cgi-bin/"
        r"|/(boaform|hnap1|gponform|setup\.cgi|owa/|ecp/|telescope/|_ignition|vendor/phpunit|druid/|nacos/|geoserver/)|/autodiscover",
    ),
    Sign(
        "webshell",
        "a web shell",
        "T1505.003",
        r"/(c99|r57|b374k|wso\d*|shell\d*|cmd|backdoor|alfa|alfacgiapi|up|uploader|mini|leafmailer|xleet|radio|moon|marijuana)\.(php\d?|phtml|asp|aspx|jsp)(\?|$)",
        r"/(c99|r57|b374k|wso|shell|cmd|backdoor|alfa|up|uploader|mini|leafmailer|xleet|radio|moon|marijuana)[a-z\d]*\.(php|phtml|asp|jsp)",
    ),
)
"""Own selection after the rule classes that CRS 930-934, 941, 942 and the CrowdSec hub's HTTP scenarios cover."""

EXPLOITS = tuple(sign.name for sign in SIGNS if sign.technique == "T1190")
"""Signs of an attempt to break in."""

PROBES = tuple(sign.name for sign in SIGNS if sign.technique != "T1190")
"""Signs of looking for a way in."""

ASSET_PATH = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|otf|mp4|webm|mp3)$"
"""Paths that a browser fetches by itself to show a page (lower case)."""

_NAMES = tuple(sign.name for sign in SIGNS)
_SUSPICIOUS = "|".join(f"(?:{sign.hint})" for sign in SIGNS)
_UNDECODED = r"(?i)[%\\]|[^\x00-\x7f]|" + _SUSPICIOUS.replace(r"\s", r"[\s+]")
"""Takes each URL that `decode` could make suspicious, so that the others need not be decoded."""

_ESCAPES = [f"%{code:02x}" for code in range(256)]
_CHARACTERS = [chr(code) for code in range(256)]


def decode(urls: pl.Series) -> pl.Series:
    r"""Return URLs percent-decoded twice and in lower case; bytes above 127 become Latin-1 characters.

    What the server escaped in its log, as in ``\x22`` and ``\"``, is decoded likewise.

    Args:
        urls: Strings of shape (n,); null stays null.
    """
    plain = _where(urls.str.to_lowercase(), "\\", _unescape)
    twice = _where(_where(plain, "%", _unquote), "%", _unquote)
    return twice.str.replace_all("+", " ", literal=True)


def _where(texts: pl.Series, character: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Change the texts that have a character in them: they are few, and the change is dear."""
    rows = texts.str.contains(character, literal=True).fill_null(value=False).arg_true()
    return texts if rows.is_empty() else texts.scatter(rows, change(texts.gather(rows)))


def _unescape(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"\\x([0-9a-f]{2})", "%${1}").str.replace_all('\\"', '"', literal=True)


def _unquote(texts: pl.Series) -> pl.Series:
    return texts.str.replace_many(_ESCAPES, _CHARACTERS).str.to_lowercase()


def match_signs(urls: pl.Series) -> pl.DataFrame:
    """Match every class of signs against URLs.

    Args:
        urls: Raw URLs (path and query), shape (n,).

    Returns:
        One Boolean column per sign, shape (n, len(SIGNS)), in the order of `urls`; null URLs match nothing.
    """
    marks = mark_signs(urls)
    return pl.DataFrame([((marks & (1 << bit)) != 0).alias(name) for bit, name in enumerate(_NAMES)])


def mark_signs(urls: pl.Series) -> pl.Series:
    """Match every class of signs against URLs, and return them as numbers.

    Args:
        urls: Raw URLs (path and query), shape (n,).

    Returns:
        UInt16 of shape (n,): bit i is set where ``SIGNS[i]`` matches; 0 where the URL is null.
    """
    marks = pl.Series(urls.name, [0], pl.UInt16).new_from_index(0, len(urls))
    rows = urls.str.contains(_UNDECODED).fill_null(value=False).arg_true()
    if rows.is_empty():
        return marks
    decoded = decode(urls.gather(rows))
    is_suspect = decoded.str.contains(_SUSPICIOUS)
    if not is_suspect.any():
        return marks
    suspects = decoded.filter(is_suspect).to_frame("url")
    bits = [pl.col("url").str.contains(sign.pattern).cast(pl.UInt16) * (1 << bit) for bit, sign in enumerate(SIGNS)]
    # An attacker asks for the same URL again and again: each is matched once.
    distinct = suspects.unique().with_columns(pl.sum_horizontal(bits).cast(pl.UInt16).alias("marks"))
    found = suspects.join(distinct, on="url", how="left", maintain_order="left")["marks"]
    return marks.scatter(rows.filter(is_suspect), found)


def name_signs(marks: pl.Series) -> pl.Series:
    """Return the names of the signs that `mark_signs` found: lists of shape (n,), null where there are none."""
    return _names().gather(marks).alias(marks.name)


@cache
def _names() -> pl.Series:
    """Return the names that each number of `mark_signs` stands for."""
    names = [[name for bit, name in enumerate(_NAMES) if mark >> bit & 1] or None for mark in range(1 << len(SIGNS))]
    return pl.Series(names, dtype=pl.List(pl.String))

"""Attack signs in URLs, login endpoints and user-agent classes: the one table that enrichment and detection share.

URLs are decoded twice before they are matched, because attackers encode twice to pass filters that decode once.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Sign:
    """One class of attack signs.

    Attributes:
        name: Short word, used as a column name and in reasons.
        meaning: What a match suggests, as a clause.
        technique: MITRE ATT&CK technique.
        pattern: Rust regular expression over the twice-decoded, lower-case URL.
    """

    name: str
    meaning: str
    technique: str
    pattern: str


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
    ),
    Sign(
        "xss",
        "cross-site scripting",
        "T1190",
        r"<\s*(script|svg|img|iframe|body|object|embed)\b|javascript:[^\s&]|\bon(error|load|mouseover|focus|click)\s*="
        r"|document\.(cookie|location)|\b(alert|prompt|confirm)[(`]|string\.fromcharcode",
    ),
    Sign(
        "traversal",
        "path traversal",
        "T1190",
        r"(\.\.[/\\]){2,}|\.\.[/\\].{0,60}(etc|windows|boot\.ini|win\.ini)|/etc/(passwd|shadow|hosts|group)\b|/proc/self/|c:[/\\]+windows"
        # The overlong %c0%ae%c0%ae and ..%c0%af as `decode` leaves them; one %e0%ae alone is Tamil.
        r"|(\x{e0}\x{ae}){2}|\.\.\x{e0}\x{af}|\.\.;/",
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
    ),
    Sign(
        "sensitive",
        "a file that no visitor asks for",
        "T1595.003",
        r"/\.(env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|vscode|npmrc|docker)|wp-config|/(id_rsa|web\.config|composer\.(json|lock)|config\.(yml|yaml|inc|bak))"
        r"|/credentials(\.|/|\?|$)|^[^?]*\.(sql|bak|old|swp|orig|save|backup|dump|pem|p12|pfx)(\.gz)?(\?|$)|/(private|privkey|server|ssl|localhost)[^/?]{0,20}\.key(\?|$)"
        r"|/(backups?|bak|dump|database|db|mysql|sql|www|wwwroot|htdocs|public_html|site|website)[-_.\d]{0,12}(\.tar)?\.(zip|tar|tgz|gz|bz2|xz|rar|7z|sql)(\?|$)"
        r"|/(server-status|server-info|phpinfo)|/(php)?info\.php|/actuator(/|\?|$)",
    ),
    Sign(
        "admin",
        "an administration panel",
        "T1595.003",
        r"phpmyadmin|/pma\d*/|/myadmin|/adminer|/wp-admin/(setup|install)|/manager/html|/admin(\.php|/login|istrator(/|\?|$)|/config|/index|\?|$|/$)|/solr/|^/jenkins(/|\?|$)"
        r"|/console/(login|css/)|/cgi-bin/(luci|printenv|test-cgi|php|status|nobody|supervisor|kerbynet)"
        r"|/(boaform|hnap1|gponform|setup\.cgi|owa/|ecp/|telescope/requests|_ignition|vendor/phpunit|druid/(index|login)|nacos/|geoserver/)"
        r"|/autodiscover\.json",
    ),
    Sign(
        "webshell",
        "a web shell",
        "T1505.003",
        r"/(c99|r57|b374k|wso\d*|shell\d*|cmd|backdoor|alfa|alfacgiapi|up|uploader|mini|leafmailer|xleet|radio|moon|marijuana)\.(php\d?|phtml|asp|aspx|jsp)(\?|$)",
    ),
)
"""Own selection after the rule classes that CRS 930-934, 941, 942 and the CrowdSec hub's HTTP scenarios cover."""

EXPLOITS = tuple(sign.name for sign in SIGNS if sign.technique == "T1190")
"""Signs of an attempt to break in."""

PROBES = tuple(sign.name for sign in SIGNS if sign.technique != "T1190")
"""Signs of looking for a way in."""

LOGIN_PATH = (
    r"(^|/)(log-?in|log-?on|sign-?in|sign_in|wp-login\.php|xmlrpc\.php|authenticate|auth|session|sessions|token|signin\.php|login\.(php|aspx?|jsp|do|html)"
    r"|j_security_check|user_login|do_login|admin/login)/?$"
)
"""Paths to which common applications post credentials (lower case)."""

ASSET_PATH = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|otf|mp4|webm|mp3)$"
"""Paths that a browser fetches by itself to show a page (lower case)."""

TOOL_AGENT = (
    r"sqlmap|nikto|nuclei|gobuster|dirbuster|dirb\b|ffuf|wfuzz|feroxbuster|wpscan|masscan|zgrab|nmap|hydra|medusa|acunetix|netsparker|w3af|nessus|openvas|zmeu|morfeus|jorgee"
    r"|python-requests|python-urllib|aiohttp|python-httpx|go-http-client|curl/|wget/|libwww-perl|java/|okhttp|scrapy|axios|node-fetch|httpie|winhttp|ruby|l9explore|censys|internetmeasurement"
    r"|slowhttptest|goldeneye|siege|apachebench|wrk/|vegeta|hulk"
)
"""User agents of programs rather than browsers (lower case); some are honest, so this is a feature and no verdict."""

CRAWLER_AGENT = (
    r"(^u?|[^u]|[^c]u)bot\b|crawl|spider|slurp|facebookexternalhit|feedfetcher|mediapartners|archiver|monitor|pingdom"
    r"|uptime|feed"
)
"""User agents that say that they are crawlers, monitors or feed readers (lower case); a Cubot is a telephone."""

_ESCAPES = [f"%{code:02x}" for code in range(256)]
_CHARACTERS = [chr(code) for code in range(256)]


def decode(urls: pl.Series) -> pl.Series:
    """Return URLs percent-decoded twice and in lower case; bytes above 127 become Latin-1 characters.

    Args:
        urls: Strings of shape (n,); null stays null.
    """
    decoded = pl.col("url").str.to_lowercase().str.replace_many(_ESCAPES, _CHARACTERS).str.to_lowercase()
    twice = decoded.str.replace_many(_ESCAPES, _CHARACTERS).str.replace_all("+", " ", literal=True).str.to_lowercase()
    return urls.to_frame("url").select(twice).to_series()


def match_signs(urls: pl.Series) -> pl.DataFrame:
    """Match every class of signs against URLs; each distinct URL is looked at once.

    Args:
        urls: Raw URLs (path and query), shape (n,).

    Returns:
        One Boolean column per sign, shape (n, len(SIGNS)), in the order of `urls`; null URLs match nothing.
    """
    named = urls.rename("url")
    distinct = named.drop_nulls().unique()
    decoded = decode(distinct)
    matched = pl.DataFrame({"url": distinct, "decoded": decoded}).with_columns(
        pl.col("decoded").str.contains(sign.pattern).alias(sign.name) for sign in SIGNS
    )
    names = [sign.name for sign in SIGNS]
    joined = named.to_frame().join(matched.drop("decoded"), on="url", how="left", maintain_order="left")
    return joined.select(pl.col(names).fill_null(value=False))

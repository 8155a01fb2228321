"""Programs that ask for pages without being a browser: one table of what their user agents say.

The patterns are Rust regular expressions over the lower-case user agent. Some of these programs are honest, and any of
them can lie: what a user agent says is a feature and no verdict.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of program and the user agents that betray it.

    Attributes:
        kind: `scanner`, `tool`, `monitor`, `feed`, `crawler` or `app`, as in `wwwatch.agent.class`.
        meaning: What asks, as a clause.
        pattern: Rust regular expression over the lower-case user agent.
    """

    kind: str
    meaning: str
    pattern: str


SWEEPER = "a tool that sweeps the whole Internet"
EXPLOIT_ITSELF = "an exploit in the user agent itself"

PROGRAMS = (
    Program(
        "scanner",
        "a tool that looks for weaknesses",
        r"sqlmap|nikto|nuclei|wpscan|joomscan|droopescan|whatweb|w3af|acunetix|netsparker|invicti|nessus"
        r"|openvas|qualys was|arachni"
        r"|burpcollaborator|owasp[ _]?zap|zaproxy|jaeles|xray/|commix|havij|dalfox|xsstrike|paros/"
        r"|webinspect|appscan|skipfish|vega/1|fimap",
    ),
    Program(
        "scanner",
        "a tool that guesses paths or passwords",
        r"gobuster|dirbuster|dirb\b|dirsearch|ffuf|fuzz faster|wfuzz|feroxbuster|thc-hydra|hydra\b|medusa"
        r"|patator|brutus|webdav-miniredir scanner",
    ),
    Program(
        "scanner",
        SWEEPER,
        r"masscan|zgrab|zmap|nmap|l9explore|l9tcpid|leakix|censys|internet-?measurement|expanse, a palo alto"
        r"|netsystemsresearch|http banner detection"
        r"|project-?discovery|odin; https://docs\.getodin|keydrop\.io|cypex\.ai|visionheight|xfa1|nvd0rz"
        r"|nvdorz|hello,? world",
    ),
    Program(
        "scanner",
        "a worm or an old exploit kit",
        r"zmeu|morfeus|jorgee|mirai|hakai|muhstik|masjesu"
        r"|gemini/2\.0 worm",
    ),
    Program(
        "scanner",
        "a tool that overloads servers",
        r"slowhttptest|goldeneye|slowloris|hulk|apachebench|\bsiege|wrk/|vegeta|loic\b|torshammer",
    ),
    Program(
        "scanner",
        EXPLOIT_ITSELF,
        r"\(\)\s*\{|\$\{jndi:|<\?php|<script\b|union\s+select"
        r"|sleep\(\d",
    ),
    Program(
        "tool",
        "a program that a developer wrote",
        r"python-requests|python-urllib|python-httpx|aiohttp|httpx/|go-http-client|libwww-perl|lwp::|java/"
        r"|^okhttp|scrapy|axios|node-fetch|undici"
        r"|winhttp|ruby|faraday|guzzlehttp|apache-httpclient|http_request2|indy library|mechanize|reqwest/"
        r"|dart:io|dart/|deno/|bun/|got \(|unirest|restsharp",
    ),
    Program(
        "tool",
        "a command line",
        r"^curl|curl/|^wget|wget/|wget\(|httpie|aria2/|powershell/|insomnia/|postmanruntime|k6/|artillery",
    ),
    Program(
        "tool",
        "a browser without a screen",
        r"headlesschrome|phantomjs|selenium|puppeteer|playwright|electron-fetch|cypress/",
    ),
    Program(
        "monitor",
        "somebody who looks whether the site is up",
        r"monitor|pingdom|uptime|statuscake|site24x7|check_http|zabbix|datadog|newrelic|checkly|freshping"
        r"|hetrixtools|kube-probe|elb-healthchecker"
        r"|wp rocket/|lscache_|cache[ -]?(warm|preload)"
        r"|googlehc|haproxy|consul health|nagios|better ?stack|gomeza?gent|blackbox-exporter|prometheus/|^updown\.io",
    ),
    Program(
        "monitor",
        "somebody who looks whether links lead anywhere",
        r"link ?check|checklink|check-?links|deadlink|broken-?link|\bxenu\b|^lychee/|^muffet|html-?proofer",
    ),
    Program(
        "feed",
        "a reader of feeds",
        r"feed([^b]|b[^a]|$)|\brss\b|rss/|rssowl|tiny tiny rss|freshrss|miniflux|netnewswire|newsblur|inoreader"
        r"|theoldreader|akregator|liferea|newsfire|reeder/|vienna/|podcast",
    ),
    Program(
        "crawler",
        "a robot that says so",
        r"(^u?|[^u]|[^c]u)bot\b|crawl|spider|slurp|facebookexternalhit|mediapartners|archiver|coccoc/"
        r"|siteexplorer|scanning for research",
    ),
    Program(
        "app",
        "an application other than a browser",
        r"^(?:[^/(]+/[\w.]+ )?cfnetwork/|^[^(]* cfnetwork/|^dalvik/|^whatsapp|^microsoft office|ms-office"
        r"|^[^/(]+/[\w.]+ \(.*\b(?:cfnetwork|okhttp)/|(accounts|dataaccess)d/"
        r"|^apache-maven/|^gradle/|^nuget|^composer/|^cargo[ /]|^yarn/|^pnpm/|^bundler/|^ruby, rubygems|^helm/|^podman/"
        r"|^containers/\d|^skopeo|^buildkit|^zypp|^pacman/|^apk-tools|^homebrew/|^choco|^winget|^snapd/|^opkg|^git-lfs/"
        r"|^microsoft-webdav-miniredir/|^webdavfs/|^gvfs/|^davfs2|^rclone/|^marsedit|^open live writer|^ifttt"
        r"|^jetpack site|^wp-(android|iphone)|wp-(android|iphone)/|^apple-(iphone|ipad)|^android-\w|qgis/"
        r"|^windows-update|^(mac)?outlook|^itunes|^applecoremedia|^vlc/"
        r"|^nextcloud|mirall/|^davx5|^thunderbird|^git/|^docker/|^containerd|^apt-http|debian apt|^rpm"
        r"|libdnf|^pip/|^npm/",
    ),
)
"""Own selection; crawlers come besides from the list of the package crawler-user-agents, see `enrich.agents`.

A Cubot is a telephone, which is why `bot` has a look at the letters before it.
"""


def _joined(*kinds: str) -> str:
    return "|".join(program.pattern for program in PROGRAMS if program.kind in kinds)


SCANNER_AGENT = _joined("scanner")
"""User agents of tools that attack or look for weaknesses (lower case)."""

ATTACK_AGENT = "|".join(
    program.pattern
    for program in PROGRAMS
    if program.kind == "scanner" and program.meaning not in (SWEEPER, EXPLOIT_ITSELF)
)
"""User agents of tools that attack a site: neither those that look at each address of the Internet once, nor payloads,
which are signs by themselves."""

TOOL_AGENT = _joined("scanner", "tool")
"""User agents of programs rather than browsers (lower case)."""

CRAWLER_AGENT = _joined("crawler", "monitor", "feed")
"""User agents that say that they are crawlers, monitors or feed readers (lower case)."""

"""User-agent strings, composed so that they look real without being anybody's."""

from simulator.dice import Dice

_DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Windows NT 10.0; WOW64",
)
_PHONES = ("Pixel 7", "SM-S911B", "SM-A546B", "M2101K6G", "CPH2449", "moto g54")
_FIREFOX = ("Windows NT 10.0; Win64; x64", "X11; Ubuntu; Linux x86_64", "Macintosh; Intel Mac OS X 10.15")

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CRAWLERS = (
    GOOGLEBOT,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
FEED_READERS = (
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 14 subscribers)",
    "Tiny Tiny RSS/23.05 (https://tt-rss.org/)",
    "FreshRSS/1.23.1 (Linux; https://freshrss.org)",
    "NetNewsWire (RSS Reader; https://netnewswire.com/)",
    "Miniflux/2.1.0 (+https://miniflux.app)",
)
MONITORS = (
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "check_http/v2.3.3 (monitoring-plugins 2.3.3)",
    "Blackbox-Exporter/0.24.0",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
)
SCRIPTS = (
    "python-requests/2.31.0",
    "curl/8.4.0",
    "Go-http-client/1.1",
    "python-urllib3/1.26.18",
    "Wget/1.21.4",
    "okhttp/4.12.0",
)
SCANNERS = (
    "gobuster/3.6",
    "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)",
    "Fuzz Faster U Fool v2.1.0-dev",
    "feroxbuster/2.10.1",
    "Mozilla/5.0 zgrab/0.x",
    "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)",
    "dirsearch/0.4.3",
)
SWEEPERS = (
    "Mozilla/5.0 zgrab/0.x",
    "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
    "Go-http-client/1.1",
    "python-requests/2.32.3",
    "curl/7.88.1",
    "l9explore/1.2.2",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    "Hello, world",
    "Mozilla/5.0",
)
"""Programs that sweep the whole Internet."""
INJECTORS = ("sqlmap/1.7.11#stable (https://sqlmap.org)", "sqlmap/1.8.2.3#dev (https://sqlmap.org)", "Havij")


def browser_agent(dice: Dice) -> str:
    """Return a browser's user agent, desktop or phone, of a recent version."""
    draw = dice.unit()
    if draw < 0.4:  # noqa: PLR2004 - shares of browsers, used once
        return _chrome(dice, dice.pick(_DESKTOPS), "")
    if draw < 0.65:  # noqa: PLR2004
        return _chrome(dice, f"Linux; Android {dice.whole(11, 15)}; {dice.pick(_PHONES)}", " Mobile")
    if draw < 0.85:  # noqa: PLR2004
        return iphone_agent(dice)
    version = dice.whole(115, 133)
    return f"Mozilla/5.0 ({dice.pick(_FIREFOX)}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"


def iphone_agent(dice: Dice) -> str:
    """Return the user agent of Safari on a telephone."""
    major, minor = dice.whole(15, 18), dice.whole(0, 6)
    return (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 "
        f"(KHTML, like Gecko) Version/{major}.{minor} Mobile/15E148 Safari/604.1"
    )


def worn_agent(dice: Dice) -> str:
    """Return a user agent that nobody uses any more, as sweepers draw them from old lists."""
    version = dice.whole(2, 45)
    old = (
        f"Mozilla/5.0 (Windows NT 6.{dice.whole(0, 3)}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0",
        f"Opera/9.{dice.whole(0, 80)} (Windows NT 5.{dice.whole(0, 2)}; U; en) Presto/2.2",
        f"Mozilla/4.0 (compatible; MSIE {dice.whole(5, 9)}.0; Windows NT 5.1)",
        f"Mozilla/5.0 (Linux; Android {dice.whole(4, 9)}; SM-G{dice.whole(300, 960)}F) AppleWebKit/537.36",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_{dice.whole(6, 15)}) AppleWebKit/{dice.whole(530, 605)}.1",
    )
    return dice.pick(old)


def headless_agent(dice: Dice) -> str:
    """Return the user agent of a browser without a screen that does not hide it."""
    version = dice.whole(110, 132)
    return (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"HeadlessChrome/{version}.0.0.0 Safari/537.36"
    )


def app_agent(dice: Dice) -> str:
    """Return the user agent of the site's own telephone app."""
    release = f"{dice.whole(3, 5)}.{dice.whole(0, 19)}"
    if dice.chance(0.5):
        return f"ShopApp/{release} (Android {dice.whole(11, 15)}; {dice.pick(_PHONES)}) okhttp/4.12.0"
    return f"ShopApp/{release} (iPhone; iOS {dice.whole(15, 18)}.{dice.whole(0, 6)}) CFNetwork/1474 Darwin/23.0.0"


def _chrome(dice: Dice, platform: str, mobile: str) -> str:
    version = dice.whole(110, 132)
    edge = f" Edg/{version}.0.0.0" if not mobile and dice.chance(0.15) else ""
    return (
        f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0{mobile} Safari/537.36{edge}"
    )

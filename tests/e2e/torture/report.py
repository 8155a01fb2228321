"""What a torture run has to say."""

from collections import Counter
from dataclasses import dataclass

from tests.e2e.torture.verdict import Verdict


@dataclass(frozen=True)
class Report:
    """The figures of a run.

    Attributes:
        verdict: Every line against what is indexed.
        seconds: How long lines were written.
        seed: The dice.
        logs: What was written and rotated, by kind.
        server: Restarts, refusals, rollovers.
        kills: How often the shipper was killed.
        ended: What it said when it ended by itself.
        stopped: Exit code and seconds of the last stop by SIGTERM.
        last: Of `ship --once`, `--status` and `--verify` at the end: exit code and complaints.
    """

    verdict: Verdict
    seconds: float
    seed: int
    logs: dict[str, Counter[str]]
    server: Counter[str]
    kills: int
    ended: list[str]
    stopped: tuple[int, float]
    last: dict[str, tuple[int, str]]

    @property
    def complaints(self) -> list[str]:
        """Return all that is wrong, in sentences."""
        found = [] if self.verdict.is_whole else [str(self.verdict)]
        found += [f"the shipper ended by itself: {words}" for words in self.ended]
        for name, (code, words) in self.last.items():
            if code:
                found.append(f"`wwwatch ship {name}` ended with {code}: {words}")
        if self.stopped[0]:
            found.append(f"SIGTERM ended the shipper with {self.stopped[0]} after {self.stopped[1]:.0f} s")
        return found

    def table(self) -> str:
        """Return the figures as a table of Markdown."""
        refusals = ", ".join(f"{name} {times}" for name, times in sorted(self.server.items()))
        rotations = ", ".join(f"{name} {counts['rotations']}" for name, counts in self.logs.items())
        megabytes = sum(counts["bytes"] for counts in self.logs.values()) / 1e6
        rows = {
            "lines written": f"{self.verdict.lines:,} ({megabytes:.0f} MB) in {self.seconds / 60:.1f} min",
            "seed": f"{self.seed}",
            "shipper killed (SIGKILL)": f"{self.kills}",
            "shipper ended by itself": f"{len(self.ended)}",
            "Elasticsearch": refusals,
            "rotations": rotations,
            "lost": f"{self.verdict.lost.total():,}",
            "doubled": f"{self.verdict.doubled.total():,}",
            "torn or changed": f"{self.verdict.foreign.total():,}",
            "dead-lettered": f"{self.verdict.dead:,}, {self.verdict.misjudged.total():,} of them wrongly",
            "last stop by SIGTERM": f"exit code {self.stopped[0]} after {self.stopped[1]:.1f} s",
            "then": ", ".join(f"`ship {name}` exit code {code}" for name, (code, _) in self.last.items()),
        }
        return "\n".join(["| what | seen |", "| --- | --- |", *(f"| {name} | {seen} |" for name, seen in rows.items())])

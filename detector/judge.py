"""The judge: sessions in, anomalies out, each with its reasons and evidence; remembers those it has named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from core.clock import iso_millis
from core.documents import document_id
from detector.anomaly import MOST_ADDRESSES, Anomaly
from detector.describe import key_of
from detector.evidence import LINES, EvidenceSource, choose
from detector.kinds import NORMAL
from detector.model import SessionModel
from detector.reasons import explain
from detector.table import NAMES
from detector.window import HORIZON

MOST_WITH_LINES = 10_000
"""Clients whose anomalies are kept with all their lines; of more, one line each."""


class Judge:
    """Names anomalies, and keeps their ids while their sessions grow.

    Args:
        model: The digest and the model.
        threshold: Sessions that score at least this are anomalies, 0 to 100.
        evidence: Where raw lines come from.
        watch: Shown every session that was scored, also those that are normal: IDENTITY, features and verdict.
    """

    def __init__(
        self,
        model: tuple[str, SessionModel],
        *,
        threshold: float,
        evidence: EvidenceSource,
        watch: Callable[[pl.DataFrame], None] = lambda _: None,
    ) -> None:
        self.digest, self.model = model
        self.threshold, self.evidence, self.watch = threshold, evidence, watch
        self._known: dict[tuple[str, str], list[Anomaly]] = {}

    def remember(self, anomaly: Anomaly) -> None:
        """Keep an anomaly, so that its session keeps its id and incident."""
        same = self._known.setdefault((anomaly.client, anomaly.user_agent), [])
        # Tens of thousands may be known at a time: of each only what a new verdict on it needs.
        lines = anomaly.evidence if len(self._known) <= MOST_WITH_LINES else anomaly.evidence[:1]
        kept = replace(anomaly.slim(), evidence=lines)
        same[:] = [other for other in same if other.session_id != anomaly.session_id] + [kept]

    def forget_before(self, watermark: datetime) -> None:
        """Let go of anomalies whose sessions can no longer be in the window."""
        for key, anomalies in list(self._known.items()):
            anomalies[:] = [anomaly for anomaly in anomalies if anomaly.end >= watermark - HORIZON]
            if not anomalies:
                del self._known[key]

    def judge(self, sessions: pl.DataFrame, rows: pl.DataFrame) -> list[Anomaly]:
        """Judge sessions.

        Args:
            sessions: IDENTITY and features.
            rows: The prepared requests in memory, to choose evidence from.

        Returns:
            Sessions that are anomalies and new or changed, and earlier ones that no longer score as high.
        """
        if sessions.is_empty():
            return []
        matrix = self.model.matrix(sessions)
        judged = sessions.hstack(self.model.judge(matrix)).with_row_index("row")
        self.watch(judged)
        strange = (pl.col("score") >= self.threshold) & (pl.col("kind") != NORMAL)
        named = pl.col("client").is_in([client for client, _ in self._known])
        candidates = judged.with_columns(strange.alias("is_strange")).filter(pl.col("is_strange") | named)
        found = [(row["is_strange"], *self._anomaly(row)) for row in candidates.iter_rows(named=True)]
        changed = [
            (index, new, old)
            for is_strange, index, new, old in found
            if (is_strange if old is None else not new.same_verdict(old))
        ]
        if not changed:
            return []
        picked = [index for index, _, _ in changed]
        reasons = explain(self.model, matrix[picked], [new.kind for _, new, _ in changed])
        explained = [replace(new, reasons=tuple(why)) for (_, new, _), why in zip(changed, reasons, strict=True)]
        return self._with_evidence(explained, [old for _, _, old in changed], rows)

    def _anomaly(self, row: dict[str, Any]) -> tuple[int, Anomaly, Anomaly | None]:
        known = next(
            (
                old
                for old in self._known.get((row["client"], row["user_agent"]), ())
                if old.start <= row["end"] and row["start"] <= old.end
            ),
            None,
        )
        identifier = document_id("session", row["client"], row["user_agent"], iso_millis(row["start"]))
        taken = ("client", "user_agent", "domain", "top_path", "start", "end", "score", "confidence", "novelty")
        anomaly = Anomaly(
            **{name: row[name] for name in taken},
            session_id=known.session_id if known else identifier,
            requests=int(row["requests"]),
            kind=known.kind if known and row["kind"] == NORMAL else row["kind"],
            features={name: row[name] for name in NAMES},
            reasons=(),
            evidence=known.evidence if known else (),
            model=self.digest,
            incident=known.incident if known else "",
        )
        return row["row"], anomaly, known

    def _with_evidence(
        self, anomalies: list[Anomaly], known: list[Anomaly | None], rows: pl.DataFrame
    ) -> list[Anomaly]:
        lacking = [
            anomaly
            for anomaly, old in zip(anomalies, known, strict=True)
            if old is None
            or old.kind != anomaly.kind
            or (len(old.evidence) < LINES and anomaly.requests > old.requests)
        ]
        lines = self.evidence.fetch(choose(rows, lacking))
        fetched = {anomaly.session_id: found for anomaly, found in zip(lacking, lines, strict=True)}
        real = real_addresses(rows, {each.client for each in anomalies})
        return [
            replace(
                each,
                evidence=fetched.get(each.session_id) or each.evidence,
                addresses=real.get((each.client, each.user_agent), each.addresses),
            )
            for each in anomalies
        ]


def real_addresses(rows: pl.DataFrame, clients: set[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the addresses behind IPv6 clients, by client and user agent, at most MOST_ADDRESSES of each.

    Args:
        rows: Prepared requests.
        clients: The clients in question, of whatever sort.
    """
    networks = [client for client in clients if client.endswith("/64")]
    if not networks:
        return {}
    is_own = pl.col("client_key").is_in(key_of(pl.Series(networks)).implode())
    own = rows.lazy().filter(is_own).select("client", "user_agent", "address").collect()
    found = own.group_by("client", "user_agent", maintain_order=True).agg(
        pl.col("address").unique(maintain_order=True).head(MOST_ADDRESSES)
    )
    return {(client, agent): tuple(addresses) for client, agent, addresses in found.iter_rows()}

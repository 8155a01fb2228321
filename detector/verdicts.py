"""What she said of earlier incidents as labelled sessions, to be taught beside the others: pure.

Learners are monotonic: more evidence can only convince. So a false alarm teaches that sessions with as little evidence
as its own, and less, are normal here; and one that was critical is not taught at all, for it would unlearn the kind. It
mutes what is alike, and the allow-list is for friends that look like attackers.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from core.clock import parse_iso
from detector.features import IDENTITY
from detector.kinds import LEARNT, NORMAL
from detector.table import NAMES
from detector.training import ALIKE

WEIGHT = 20
"""How often each of her sessions counts: a few of hers stand beside tens of thousands that were made up."""

SESSIONS = 20
"""Sessions of one verdict that are taught at most, so that one incident of many clients is not all that is learnt."""

CRITICAL = 3


def verdict_sessions(verdicts: Iterable[Mapping[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """Return the sessions of verdicts as labelled sessions (see `detector.training.label_sessions`), WEIGHT times each.

    A session of a true alarm is an example of its kind, one of a false alarm of what is normal. What was sampled by
    another version, with other features, or is of no kind that a learner knows is left out.

    Args:
        verdicts: Documents of `wwwatch-verdicts` with `verdict` and `sample`, as Elasticsearch holds them.
        schema: The columns that are wanted, those of `label_sessions`.
    """
    rows = [row for verdict in verdicts for row in _rows(verdict)]
    if not rows:
        return pl.DataFrame(schema=schema)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return pl.concat([frame.select(*schema).cast(schema)] * WEIGHT)


def _rows(verdict: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    is_true = verdict.get("verdict")
    if is_true is None or (not is_true and verdict.get("level", 0) >= CRITICAL):
        return
    for session in (verdict.get("sample") or {}).get("sessions", ())[:SESSIONS]:
        features, shown = session.get("features", {}), session.get("kind")
        kind = shown if is_true else NORMAL
        is_known = ALIKE.get(str(shown), shown) in LEARNT
        if is_known and all(isinstance(features.get(name), int | float) for name in NAMES):
            moments = {name: parse_iso(session[name]) for name in ("start", "end")}
            texts = {name: session.get(name) or "" for name in IDENTITY if name not in moments}
            yield {
                **texts,
                **moments,
                **{name: float(features[name]) for name in NAMES},
                "kind": kind,
                "is_grown": True,
            }

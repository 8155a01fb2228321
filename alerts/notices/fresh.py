"""What is told late should not be stale: notices get their elements as they stand now."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from elasticsearch import Elasticsearch

from alerts.language.model import Watch
from alerts.notices.drafts import rank_of
from alerts.notices.notice import Notice
from core.client import es_errors
from core.clock import iso_millis
from core.errors import RuleError
from core.text import visible

log = logging.getLogger(__name__)

_FROM_HIT = frozenset(("_index", "_id"))


def refreshed(client: Elasticsearch, watch: Watch, notices: Sequence[Notice], now: datetime) -> list[Notice]:
    """Return notices with their documents and ranks of now, read in one request; what is gone stays as it was.

    Raises:
        StoreError: Elasticsearch did not answer.
    """
    stale = [each for each in notices if each.thread and each.ctx.get("payload", {}).keys() >= _FROM_HIT]
    wanted = [{name: each.ctx["payload"][name] for name in _FROM_HIT} for each in stale]
    found = {}
    if wanted:
        with es_errors(f"read again what the watch {watch.id} tells of"):
            answer = client.mget(docs=wanted)
        found = {each.id: dict(hit) for each, hit in zip(stale, answer["docs"], strict=True) if hit.get("found")}
    return [_with(watch, each, found[each.id], now) if each.id in found else each for each in notices]


def _with(watch: Watch, notice: Notice, hit: dict[str, object], now: datetime) -> Notice:
    ctx = {**notice.ctx, "payload": hit, "execution_time": iso_millis(now)}
    try:
        return replace(notice, ctx=ctx, rank=rank_of(watch, ctx))
    except RuleError as error:  # one that makes no sense any more must not keep the others from being told
        log.warning("%s is told as it was: %s", visible(notice.key), visible(error))
        return notice

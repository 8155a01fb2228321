"""The gate `allowed`: the allow-list wins always, and says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alerts.notices.notice import Act, Decision
from alerts.quiet.gate import Case
from alerts.quiet.subject import Network, is_inside
from core.text import visible

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Allowed:
    """Holds what only clients of the setting `alert.allow` do; of others' incidents, leaves these clients out."""

    networks: Sequence[Network]
    name: str = "allowed"

    def judge(self, case: Case) -> Decision:
        """Judge by the clients: an incident is allowed only when all of them are known to be inside."""
        subject = case.subject
        if not self.networks:
            return Decision(Act.SEND, "alert.allow is empty")
        if subject.is_all_inside(self.networks):
            who = subject.addresses[0] if subject.clients == 1 else f"all its {subject.clients:,} clients"
            return case.held(self.name, f"alert.allow has {visible(who)}")
        inside = [each for each in subject.addresses if is_inside(each, self.networks)]
        if not inside:
            return Decision(Act.SEND, "no client is in alert.allow")
        named = ", ".join(visible(each, 50) for each in inside[:_NAMED]) + (" and others" if inside[_NAMED:] else "")
        note = f"Of its {subject.clients:,} clients, {len(inside):,} are in alert.allow and left out here: {named}."
        return Decision(Act.SEND, f"{len(inside)} of its clients are in alert.allow, not all", note=note)


def without(ctx: dict[str, Any], networks: Sequence[Network]) -> dict[str, Any]:
    """Return variables whose incident does not name the clients of some networks: nobody shall block them."""
    payload = ctx.get("payload")
    source = payload.get("_source") if isinstance(payload, dict) else None
    client = source.get("source") if isinstance(source, dict) else None
    if not (payload and source and isinstance(client, dict) and networks):
        return ctx
    kept = {name: _kept(value, networks) if name in ("address", "ip") else value for name, value in client.items()}
    return {**ctx, "payload": {**payload, "_source": {**source, "source": kept}}} if kept != client else ctx


def _kept(value: Any, networks: Sequence[Network]) -> Any:
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if not (isinstance(each, str) and is_inside(each, networks))]

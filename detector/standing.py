"""What she said of incidents while they last, and what that means for what comes after: pure.

Acknowledged stays acknowledged until it gets graver than it was then: that opens it again. Closed by her takes in no
new visit, which is a new incident; the visits that were in it already go on in it, and open it again only if it gets
graver. So an attack that she dealt with is told again when it comes back, and not while its last requests trickle in.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.severity import severity_level
from detector.incidents import Incident, Standing


def heed(incidents: Mapping[str, Incident], standings: Mapping[str, Standing], now: datetime) -> list[Incident]:
    """Let incidents know what she said of them.

    Args:
        incidents: Those that are not over, by id; changed in place.
        standings: What is known to have been said, by incident.
        now: Wall-clock time of the write that follows.

    Returns:
        The incidents that are open again, to be written.
    """
    known = [incident for identifier in standings if (incident := incidents.get(identifier)) is not None]
    for incident in known:
        incident.standing = standings[incident.id]
    return reopen(known, now)


def reopen(incidents: Iterable[Incident], now: datetime) -> list[Incident]:
    """Open again and return the incidents that are graver than when she acknowledged or closed them."""
    graver = [each for each in incidents if each.standing and severity_level(each.score) > each.standing.level]
    for incident in graver:
        if incident.anomalies:
            incident.state, incident.updated, incident.standing, incident.says_state = "open", now, None, True
    return [each for each in graver if each.says_state]

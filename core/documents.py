"""Names of the indices, and the deterministic document ids that make every repeated write harmless."""

import hashlib
from typing import Any

ACCESS_DATASET = "www.access"
ACCESS_PATTERN = "logs-www.access-*"
ANOMALIES = "wwwatch-anomalies"
INCIDENTS = "wwwatch-incidents"
MODELS = "wwwatch-models"
STATE = "wwwatch-state"
WATCHES = "wwwatch-watches"
WATCH_HISTORY = "wwwatch-watch-history"
VERDICTS = "wwwatch-verdicts"
HEALTH_DATASET = "wwwatch.health"
HEALTH_PATTERN = "metrics-wwwatch.health-*"
CANARY_AGENT = "wwwatch-canary/"
"""How the user agent begins of the attack that wwwatch sends to itself; what follows says whether it really is one."""
ECS_VERSION = "8.11.0"

Document = dict[str, Any]
"""A JSON document, nested as Elasticsearch stores it."""


def access_stream(namespace: str) -> str:
    """Return the data stream of a namespace's access logs."""
    return f"logs-{ACCESS_DATASET}-{namespace}"


def health_stream(namespace: str) -> str:
    """Return the data stream in which the parts of a namespace say how they are."""
    return f"metrics-{HEALTH_DATASET}-{namespace}"


def document_id(*parts: object) -> str:
    """Return a stable id of 20 hexadecimal digits for what identifies a document.

    The parts are joined with their lengths, so that ("a", "bc") and ("ab", "c") differ.
    80 bits keep the chance of one collision among 10^9 documents under 10^-6 (birthday bound).
    """
    digest = hashlib.sha256()
    for part in parts:
        text = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(text) + text)
    return digest.hexdigest()[:20]

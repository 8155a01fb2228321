"""Signed links: whoever has the mail may say what an incident is, for 30 days, and nobody else; pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from alerts.verdicts.store import Action
from core.errors import SettingsError

LIFETIME = timedelta(days=30)
"""How long a link works."""

LABELS: Mapping[Action, str] = {
    Action.TRUE: "Yes, I am on it",
    Action.FALSE: "No, a false alarm",
    Action.CLOSE: "It is dealt with: close",
}
"""What mails offer, in this order."""

_SHORTEST_KEY = 16
_MARK = "v"
_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Link:
    """Something to click."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says, once its signature was found right."""

    incident_id: str
    action: Action


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes links and checks them.

    Args:
        url: Where `wwwatch alert serve` is reached from outside; what comes after it is ours.
        key: The secret, 16 characters at least; whoever knows it can sign.

    Raises:
        SettingsError: The key is too short, or the URL is none.
    """

    url: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < _SHORTEST_KEY:
            raise SettingsError(
                "alert.link_key is too short", "take 16 characters or more, e.g. of `openssl rand -hex 24`"
            )
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise SettingsError(
                f"alert.link_url is no web address: {self.url}", "write it as https://www.example.org/wwwatch"
            )

    def links(self, incident_id: str, now: datetime) -> tuple[Link, ...]:
        """Return the links of a mail about an incident."""
        return tuple(Link(label, self.sign(incident_id, action, now + LIFETIME)) for action, label in LABELS.items())

    def sign(self, incident_id: str, action: Action, until: datetime) -> str:
        """Return the link that says one thing of an incident, and works until then."""
        expiry = str(int(until.timestamp()))
        query = urlencode({"until": expiry, "sig": self._signature(incident_id, action.value, expiry)})
        return f"{self.url.rstrip('/')}/{_MARK}/{quote(incident_id, safe='')}/{action.value}?{query}"

    def check(self, target: str, now: datetime) -> Claim | None:
        """Return what a request's target says; None where it is not one of our links.

        Args:
            target: Path and query as the request has them, with whatever a proxy left before ours.
            now: The present.

        Raises:
            ExpiredError: It was one, but its time is over.
        """
        path, _, query = target.partition("?")
        segments = path.split("/")
        if len(segments) < 3 or segments[-3] != _MARK or query.count("&") > _FIELDS:  # noqa: PLR2004 - mark, id, action
            return None
        given = parse_qs(query)
        incident_id, action = unquote(segments[-2]), segments[-1]
        expiry, signature = (given.get(name, [""])[0] for name in ("until", "sig"))
        # The signature comes first: what is not signed is not looked into. compare_digest takes no text but ASCII.
        wanted = self._signature(incident_id, action, expiry)
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogatepass")):
            return None
        if now.timestamp() >= int(expiry):
            raise ExpiredError
        return Claim(incident_id, Action(action))

    def _signature(self, *parts: str) -> str:
        message = b"".join(
            b"%d:%s" % (len(raw), raw) for raw in (each.encode("utf-8", "surrogatepass") for each in parts)
        )
        digest = hmac.digest(self.key.encode(), b"wwwatch-verdict-1:" + message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class ExpiredError(Exception):
    """A link was right, and its time is over."""

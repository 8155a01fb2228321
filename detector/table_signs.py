"""The table of features that tell of logins, attack signs and the user agent, from a session's own requests."""

import numpy as np

from detector.describe import ATTACKER, DECLARED, MISSING, TOOL
from detector.feature import DORAN, JAVED, Compute, Feature, count_rare
from detector.requests import ANSWERED, Floats, Requests
from enrich.signs import SIGNS

LOGIN = (
    Feature(
        "login_attempts", "count", "credentials sent to a login path", "{} login attempts", 1, count_rare("is_login")
    ),
    Feature(
        "login_failures",
        "count",
        "login attempts that were refused, shown the form again, or followed by the login page or another attempt; of "
        "what an app sends to one path, the first and what follows within 20 s: it repeats the password that it keeps",
        "{} failed login attempts",
        1,
        count_rare("has_failed"),
        JAVED,
    ),
    Feature(
        "login_successes",
        "count",
        "login attempts answered 201, 204 or 3xx (200 on programs' endpoints, and after one that was refused by its "
        "status), and no attempt after it",
        "{} login attempts that seem to have succeeded",
        0,
        count_rare("has_succeeded"),
        JAVED,
    ),
    Feature(
        "denied_repeats",
        "count",
        "answers 401 to the very path that was answered 401 before; for apps and other programs, within 20 s",
        "{} times refused with 401 again",
        1,
        count_rare("is_denied_again"),
    ),
)


def _distinct_urls(bit: int) -> Compute:
    def compute(requests: Requests) -> Floats:
        return requests.each(requests.signed.owner[(requests.signed.words & np.uint32(1 << bit)) != 0])

    return compute


ATTACK = (
    *(
        Feature(
            f"signs_{sign.name}",
            "count",
            f"different URLs that look like {sign.meaning}",
            f"{{}} URLs that look like {sign.meaning}",
            1,
            _distinct_urls(bit),
        )
        for bit, sign in enumerate(SIGNS)
    ),
    Feature(
        "signs_answered",
        "count",
        "different URLs with signs of an attack that were answered 2xx",
        "{} URLs with signs of an attack answered with success",
        1,
        _distinct_urls(ANSWERED),
    ),
)


def _is_agent(bit: int) -> Compute:
    return lambda requests: ((requests.agent & np.uint8(bit)) != 0).astype(np.float64)


AGENT = (
    Feature(
        "agent_attack",
        "flag",
        "the user agent is made to attack",
        "the user agent names a tool that attacks",
        1,
        _is_agent(ATTACKER),
    ),
    Feature(
        "agent_tool",
        "flag",
        "the user agent is a program",
        "the user agent is a program, not a browser",
        1,
        _is_agent(TOOL),
        DORAN,
    ),
    Feature(
        "agent_crawler",
        "flag",
        "the user agent says it is a crawler, a feed reader or a monitor",
        "the user agent calls itself a crawler, feed reader or monitor",
        -1,
        _is_agent(DECLARED),
        DORAN,
    ),
    Feature(
        "agent_missing",
        "flag",
        "no user agent, on a site whose log names those of others",
        "no user agent at all",
        1,
        _is_agent(MISSING),
        DORAN,
    ),
)

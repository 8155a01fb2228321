"""The context of a session: the site's logins, the client's last day, what the site has served."""

from datetime import timedelta

import polars as pl

from detector.context import Context
from detector.memory import DAY, MEMORY_SCHEMA, recall
from tests.unit.detector.frames import at


def test_nothing_is_known_at_first() -> None:
    context = Context.empty()
    assert context.logins.is_empty()
    assert context.memory.is_empty()
    asked = pl.DataFrame({"domain": ["a.example"], "path": ["/"]})
    assert context.profile.known(asked).row(0, named=True)["is_profiled"] is False


def test_a_day_is_recalled_up_to_the_sessions_end() -> None:
    hours = [at(0) - timedelta(hours=30), at(0) - timedelta(hours=3), at(0), at(0) + timedelta(hours=2)]
    memory = pl.DataFrame(
        {
            "client": "192.0.2.1",
            "hour": hours,
            "login_failures": [1, 2, 4, 8],
            "login_successes": 0,
            "probes": 0,
            "missing_paths": 1,
            "requests": 10,
        },
        schema=MEMORY_SCHEMA,
    )
    sessions = pl.DataFrame({"client": ["192.0.2.9", "192.0.2.1"], "end": [at(60), at(60)]})
    recalled = recall(memory, sessions)
    assert recalled.columns == list(DAY)
    assert recalled["day_login_failures"].to_list() == [0, 6]
    assert recalled["day_requests"].to_list() == [0, 20]

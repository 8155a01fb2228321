"""The context of a session: the site's logins, the client's last day, what the site has served."""

import polars as pl

from detector.context import Context


def test_nothing_is_known_at_first() -> None:
    context = Context.empty()
    assert context.logins.is_empty()
    assert context.memory.is_empty()
    asked = pl.DataFrame({"domain": ["a.example"], "path": ["/"]})
    assert context.profile.known(asked).row(0, named=True)["is_profiled"] is False

"""What a site serves is learnt from how many clients got it, in bounded memory, whatever attackers ask for."""

import pickle
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features import prepare
from detector.profile import KNOWN, ProfileLearner, SiteProfile
from detector.sketch import Sketch
from tests.unit.detector.frames import events_of, request


def visits(clients: int, *urls: str, **more: object) -> list[dict[str, object]]:
    """Return each client's request for each URL."""
    return [
        request(60.0 * number + place, url, **{"address": f"198.51.100.{number}", **more})
        for number in range(clients)
        for place, url in enumerate(urls)
    ]


def learn(*requests: dict[str, object]) -> SiteProfile:
    return SiteProfile.of(prepare(events_of(*requests)))


def ask(profile: SiteProfile, *paths: str | None, domain: str | None = "example.org") -> list[tuple[int, ...]]:
    frame = pl.DataFrame({"domain": [domain] * len(paths), "path": paths}, {"domain": pl.String, "path": pl.String})
    return profile.known(frame).drop("is_profiled").rows()


def test_clients_count_and_not_requests() -> None:
    profile = learn(*visits(5, "/shop/list.php"), *visits(1, *["/only/me.html"] * 50))
    assert ask(profile, "/shop/list.php", "/only/me.html", "/nothing") == [(5, 5, 5, 5), (1, 1, 1, 5), (0, 0, 0, 5)]


def test_a_path_that_nobody_got_is_known_by_its_segment_and_extension() -> None:
    profile = learn(*visits(4, "/shop/list.php"))
    assert ask(profile, "/shop/new.php", "/Shop/other.JSP", "/x.php") == [(0, 4, 4, 4), (0, 4, 0, 4), (0, 0, 4, 4)]


@pytest.mark.parametrize(
    ("status", "method", "is_served"),
    [
        *((200, "GET", True), (206, "GET", True), (304, "GET", True), (302, "POST", True)),
        *((301, "GET", False), (302, "GET", False), (403, "GET", False), (404, "GET", False), (500, "POST", False)),
        (None, "GET", False),
    ],
)
def test_only_what_was_answered_with_success_is_known(status: int | None, method: str, is_served: bool) -> None:
    profile = learn(*visits(3, "/page", status=status, method=method))
    assert ask(profile, "/page")[0][0] == (3 if is_served else 0)


def test_a_site_of_its_own_knows_nothing_of_another() -> None:
    profile = learn(*visits(3, "/page"), *visits(2, "/page", domain=None))
    assert ask(profile, "/page", domain="other.example") == [(0, 0, 0, 0)]
    assert ask(profile, "/page", None, domain=None) == [(2, 2, 2, 2), (0, 0, 2, 2)]


def test_without_history_nothing_is_known() -> None:
    assert SiteProfile.empty().is_empty
    assert ask(SiteProfile.empty(), "/", "/x") == [(0, 0, 0, 0)] * 2
    assert ProfileLearner().profile().known(pl.DataFrame({"domain": ["a"], "path": ["/"]})).rows() == [
        (0, 0, 0, 0, False)
    ]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_pieces_in_any_order_teach_the_same(sizes: list[int], dice: object) -> None:
    events = prepare(events_of(*visits(30, "/", "/a/b.css"), *visits(3, "/login", method="POST", status=401)))
    learner, begin, pieces = ProfileLearner(), 0, []
    for size in [*sizes, events.height]:
        pieces.append(events[begin : begin + size])
        begin += size
    dice.shuffle(pieces)  # type: ignore[attr-defined]
    for piece in pieces:
        learner.add(piece)
    whole, pieced = SiteProfile.of(events), learner.profile()
    for name in ("sites", "paths", "segments", "extensions", "hours"):
        assert getattr(pieced, name).equals(getattr(whole, name))


def test_asking_teaches_nothing_and_pickling_keeps_everything() -> None:
    profile = learn(*visits(3, "/page"))
    before = pickle.dumps(profile)
    ask(profile, *(f"/hostile/{number}" for number in range(1000)))
    assert pickle.dumps(profile) == before
    assert ask(pickle.loads(before), "/page") == ask(profile, "/page")  # noqa: S301 - this test's own bytes


def test_a_flood_of_paths_that_exist_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.sketch._WAITING", 100)
    sketch = Sketch(("path",), most=10, size=4)
    for number in range(50):
        paths = [f"/{number}/{each}" for each in range(50)] + ["/home"]
        sketch.add(pl.DataFrame({"path": paths, "who": pl.Series([number] * 51).hash(seed=0)}))
    assert sketch._held is not None
    assert sketch._held.height <= 4 * 10 + 50
    assert sketch.counts().height == 10
    assert sketch.counts()["path"][0] == "/home"
    assert sketch.left_out > 2000


@settings(max_examples=20)
@given(st.integers(1, 3000))
def test_many_clients_are_estimated(count: int) -> None:
    sketch = Sketch(("path",), most=10, size=64)
    who = pl.int_range(count, eager=True, dtype=pl.UInt64).hash(seed=0)
    sketch.add(pl.DataFrame({"path": ["/"] * count, "who": who}))
    (found,) = sketch.counts()["clients"]
    assert found == count if count < 64 else 0.5 * count < found < 2 * count


def test_how_a_login_page_answers() -> None:
    attempts = visits(6, "/login", method="POST", status=200, bytes=5100)
    welcome = visits(3, "/login", method="POST", status=302, bytes=0)
    profile = learn(*visits(4, "/login", bytes=5000), *attempts, *welcome)
    (row,) = profile.logins.rows(named=True)
    assert (row["posts"], row["answered_200"], row["redirected"], row["denied"]) == (9, 6, 3, 0)
    assert (row["form_bytes"], row["post_bytes"]) == (5000.0, 5100.0)


def test_what_is_usual_at_an_hour_of_the_week() -> None:
    events = events_of(*visits(4, "/", "/a"))
    later = events.with_columns(pl.col("time") + timedelta(days=7))
    profile = SiteProfile.of(prepare(pl.concat([events, later, later.head(2)])))
    (row,) = profile.hours.rows(named=True)
    assert (row["domain"], row["hour"], row["weeks"]) == ("example.org", 9, 2)  # START is a Monday, 9:00
    assert (row["requests"], row["requests_high"], row["clients"], row["errors"]) == (9.0, 10.0, 4.0, 0.0)


def test_counts_fit_together() -> None:
    many = [request(number, "/", address=f"198.18.{number // 250}.{number % 250}") for number in range(1000)]
    frame = pl.DataFrame({"domain": ["example.org"], "path": ["/"]})
    counts = learn(*many).known(frame).row(0, named=True)
    assert list(counts) == list(KNOWN)
    assert 0 < counts["known_clients"] <= counts["site_clients"]
    assert counts["is_profiled"]

"""A history of any size teaches what is usual, and its attacks do not."""

import tempfile
from pathlib import Path

import polars as pl
import pytest

from core.documents import CANARY_AGENT
from detector.adaptation import LEAST_HISTORY
from detector.context import Context
from detector.features import features, prepare
from detector.history import History, HistoryLearner, adapt_to
from detector.memory import remember
from detector.model import SessionModel
from detector.profile import SiteProfile
from tests.unit.detector.conftest import TRAINED
from tests.unit.detector.frames import events_of, logins, request


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every history a large one."""
    monkeypatch.setattr("detector.history.AT_ONCE", 2_000)
    monkeypatch.setattr("detector.history.PARTS", 5)


def learn(folder: Path, model: SessionModel, *pages: pl.DataFrame, share: float = 1.0) -> History:
    learner = HistoryLearner(Path(tempfile.mkdtemp(dir=folder)) if folder.exists() else folder, share)
    for page in pages:
        learner.add(page)
    return learner.learn(model)


def pieces(events: pl.DataFrame, size: int) -> list[pl.DataFrame]:
    return [events[begin : begin + size] for begin in range(0, events.height, size)]


@pytest.mark.usefixtures("small")
def test_sessions_are_whole_whatever_page_they_began_in(
    tmp_path: Path, model: SessionModel, traffic: pl.DataFrame
) -> None:
    shuffled = traffic.sample(fraction=1.0, shuffle=True, seed=3)
    history = learn(tmp_path, model, *pieces(shuffled, 700))
    at_once = features(prepare(traffic))
    assert history.total == at_once.height
    assert history.events == traffic.height
    keys = ["client", "user_agent", "start"]
    same = history.sessions.select(*keys, "end", "requests").join(at_once, on=[*keys, "end", "requests"], how="semi")
    assert same.height == history.sessions.height == history.total - history.attacks
    assert (history.start, history.end) == (traffic["time"].min(), traffic["time"].max())
    assert len(list(tmp_path.rglob("*.arrow"))) > 5


def test_a_small_history_never_touches_the_disk(tmp_path: Path, model: SessionModel) -> None:
    history = learn(tmp_path / "absent", model, events_of(*(request(each, f"/{each}") for each in range(5))))
    assert (history.events, history.total, history.attacks) == (5, 1, 0)


def test_the_canary_teaches_nothing(tmp_path: Path, model: SessionModel) -> None:
    usual = events_of(*(request(each, f"/{each}") for each in range(5)))
    canary = usual.with_columns(user_agent=pl.lit("wwwatch-canary/00aa-11bb"), path=pl.lit("/wwwatch-canary"))
    nameless = usual.with_columns(user_agent=pl.lit(None, pl.String))
    history = learn(tmp_path / "absent", model, usual, canary, nameless)
    assert history.events == 10
    assert "/wwwatch-canary" not in history.profile.paths["path"].to_list()


def test_no_history_teaches_nothing(tmp_path: Path, model: SessionModel) -> None:
    history = learn(tmp_path, model)
    assert (history.events, history.total, history.start) == (0, 0, None)
    adapted = adapt_to(model, history, source="nowhere", now=TRAINED)
    assert adapted.usual_high.tolist() == model.usual_high.tolist()
    assert adapted.card["usual_from"] == "labelled normal sessions"


def test_what_only_attackers_got_is_not_known(tmp_path: Path, model: SessionModel) -> None:
    visitors = [request(each, "/shop", address=f"198.51.100.{each}") for each in range(60)]
    attack = [request(each / 2, f"/hidden/{each}?q=1 union select 1,2--", address="203.0.113.9") for each in range(99)]
    history = learn(tmp_path, model, events_of(*visitors, *attack))
    asked = pl.DataFrame({"domain": ["example.org"] * 2, "path": ["/shop", "/hidden/7"]})
    assert history.attacks == 1
    shop, hidden = history.profile.known(asked)["known_clients"]
    assert shop > 16  # an estimate from there on
    assert hidden == 0


@pytest.mark.usefixtures("small")
def test_the_card_says_what_was_learnt_and_from_where(
    tmp_path: Path, model: SessionModel, traffic: pl.DataFrame
) -> None:
    adapted = adapt_to(model, learn(tmp_path, model, traffic), source="logs-x", now=TRAINED)
    card = adapted.card
    assert (card["history_source"], card["usual_from"]) == ("logs-x", "history")
    assert card["history_sample"] == card["history_sessions"] - card["history_left_out_as_attacks"] > LEAST_HISTORY
    assert card["history_events"] == traffic.height
    assert card["profile"]["paths"] > 100
    assert not adapted.profile.is_empty
    assert model.profile.is_empty  # the model it began with is as it was


def test_a_large_history_is_sampled_evenly(
    tmp_path: Path, model: SessionModel, traffic: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.history.MOST_SESSIONS", 70)
    forwards, backwards = (learn(tmp_path, model, *pages) for pages in ([traffic], pieces(traffic, 5_000)[::-1]))
    assert forwards.sessions.height == 70
    keys = ["client", "user_agent", "start"]
    assert forwards.sessions.select(keys).sort(keys).equals(backwards.sessions.select(keys).sort(keys))
    assert forwards.total > 70


def test_some_of_the_clients_are_enough_and_whole(tmp_path: Path, model: SessionModel, traffic: pl.DataFrame) -> None:
    history = learn(tmp_path, model, traffic, share=0.4)
    everybody = features(prepare(traffic))
    assert 0.2 * everybody.height < history.total < 0.6 * everybody.height
    known = traffic.with_columns(pl.col("user_agent").fill_null(""))
    mine = known.join(history.sessions, on=["client", "user_agent"], how="semi")
    assert mine.height >= history.sessions["requests"].sum()
    assert history.profile.hours.is_empty()
    assert adapt_to(model, history, source="x", now=TRAINED).card["history_client_share"] == 0.4


def test_one_address_for_everybody_is_cut_by_time(
    tmp_path: Path, model: SessionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.history.MOST_IN_PART", 50)
    history = learn(tmp_path, model, events_of(*(request(each, f"/{each % 7}") for each in range(180))))
    assert history.total == 4


def test_sprays_are_seen_across_parts(tmp_path: Path, model: SessionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.history.AT_ONCE", 10)
    monkeypatch.setattr("detector.history.PARTS", 7)
    spray = [each for number in range(30) for each in logins(1, address=f"203.0.113.{number}", start=5.0 * number)]
    history = learn(tmp_path, model, *(events_of(one) for one in spray))
    whole = prepare(events_of(*spray))
    context = Context.of(whole, SiteProfile.of(whole), remember(whole))
    kinds = model.judge(model.matrix(features(whole, context)))["kind"]
    assert (history.total, history.attacks) == (30, kinds.is_in(["spray", "bruteforce", "stuffing"]).sum())
    assert history.attacks > 20


@pytest.mark.usefixtures("small")
def test_a_history_that_fits_into_memory_by_the_callers_word_teaches_the_same(
    tmp_path: Path, model: SessionModel, traffic: pl.DataFrame
) -> None:
    learner = HistoryLearner(None)
    learner.add(traffic)
    in_memory, on_disk = learner.learn(model), learn(tmp_path, model, traffic)
    assert (in_memory.total, in_memory.attacks) == (on_disk.total, on_disk.attacks)
    keys = ["client", "user_agent", "start"]
    assert in_memory.sessions.sort(keys).equals(on_disk.sessions.sort(keys))


def test_prepared_requests_teach_what_events_do(tmp_path: Path, model: SessionModel, traffic: pl.DataFrame) -> None:
    canary = events_of(*(request(each, f"/{each}", user_agent=f"{CANARY_AGENT}/1") for each in range(5)))
    events = pl.concat([traffic, canary.select(traffic.columns)])
    learner = HistoryLearner(None)
    learner.add_prepared(prepare(events))
    assert learner.events == traffic.height
    found, wanted = learner.learn(model), learn(tmp_path, model, events)
    assert (found.total, found.attacks, found.start, found.end) == (
        wanted.total,
        wanted.attacks,
        wanted.start,
        wanted.end,
    )
    keys = ["client", "user_agent", "start"]
    assert found.sessions.sort(keys).equals(wanted.sessions.sort(keys))
    assert found.profile.paths.equals(wanted.profile.paths)

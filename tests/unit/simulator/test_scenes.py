"""Scenes that only look like attacks: nobody in them attacks, and each is what its name says."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import polars as pl
import pytest

from simulator.addresses import Addresses
from simulator.crowd import Crowd
from simulator.dice import Dice
from simulator.journal import to_frame
from simulator.scenes import PLAYABLE, SCENES
from simulator.site import build_site
from simulator.stage import Stage

START = 1_772_409_600.0
HOURS = 6
RESERVED = [
    ip_network(each) for each in ("198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")
]


def play(name: str, seed: int = 1, most: int = 60) -> pl.DataFrame:
    scene, dice = SCENES[name], Dice(seed)
    site = replace(build_site(dice, scene.style or "company", "www.example.com"), **dict(scene.site))  # type: ignore[arg-type]
    addresses = Addresses(dice)
    stage = Stage(site, dice, addresses, Crowd(site, dice, addresses), START, START + HOURS * 3600, most)
    scene.play(stage)
    return to_frame(stage.journal)


@pytest.mark.parametrize("name", PLAYABLE)
def test_nobody_in_a_scene_attacks(name: str) -> None:
    frame = play(name)
    assert frame.height > 0
    assert (frame["kind"] == "normal").all()
    assert frame["attack"].null_count() == frame.height
    assert frame["time"].min().timestamp() >= START  # type: ignore[union-attr]
    assert frame["time"].max().timestamp() < START + (HOURS + 3) * 3600  # type: ignore[union-attr]
    for client in frame["client"].unique():
        assert any(ip_address(client) in network for network in RESERVED), client


@pytest.mark.parametrize("seed", [2, 3])
def test_a_flash_crowd_is_many_browsers_with_assets_and_one_source(seed: int) -> None:
    frame = play("flash-crowd", seed, most=200)
    assert frame["client"].n_unique() > 100
    assert frame["referrer"].n_unique() > 1
    busiest = frame.group_by_dynamic("time", every="10m").agg(pl.len())["len"].max()
    assert busiest > frame.height / 6  # type: ignore[operator]


def test_many_people_work_behind_one_address() -> None:
    frame = play("carrier", 2, most=100)
    assert frame["client"].n_unique() == 1
    assert frame["user_agent"].n_unique() > 30


def test_an_owner_fails_often_and_is_let_in() -> None:
    frame = play("many-mistakes", 4)
    posts = frame.filter(pl.col("method") == "POST").group_by("actor", maintain_order=True).agg("status")
    for statuses in posts["status"]:
        assert len(statuses) >= 7
    assert (frame["method"] == "GET").any()


def test_programs_keep_time_like_clockwork() -> None:
    frame = play("monitors", 5).sort("actor", "time")
    gaps = frame.select(pl.col("time").diff().dt.total_seconds().over("actor").drop_nulls())["time"]
    assert gaps.min() >= 19  # type: ignore[operator]
    assert gaps.max() <= 61  # type: ignore[operator]


def test_previews_are_refused_once_and_then_let_in() -> None:
    frame = play("file-sync", 3)
    first = frame.sort("time").group_by("actor", maintain_order=True).agg(pl.col("status").head(2))
    assert first["status"].to_list() == [[401, 207]] * first.height


def test_a_scene_says_which_sites_suit_it() -> None:
    author = SCENES["wordpress-author"]
    sites = [build_site(Dice(seed), "blog", "www.example.com") for seed in range(12)]
    assert {author.suits(site) for site in sites} == {True, False}
    assert all(author.suits(site) == site.is_wordpress for site in sites)
    assert not author.suits(build_site(Dice(1), "static", "www.example.com"))

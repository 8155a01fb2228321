"""Scenes that only look like attacks, by name: crowds, robots, programs, owners, and special sites and logs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import polars as pl

from simulator.personas import (
    Persona,
    app_user,
    fits,
    gallery_viewer,
    long_reader,
    odd_searcher,
    on_old_page,
    reloader,
    script_user,
    tab_opener,
)
from simulator.scenes import crowds, owners, programs, robots
from simulator.scenes.logs import behind_proxy, make_terse
from simulator.site import Site
from simulator.stage import Stage

__all__ = ["PLAYABLE", "SCENES", "Scene"]


def _nothing(_: Stage) -> None:
    """Let the ordinary visitors come, and nobody else."""


class Scene(NamedTuple):
    """A scene.

    Attributes:
        play: Writes it; nothing where the site or its log is the scene.
        style: Style of the site that it needs, "" for any.
        site: Fields of the site that it fixes.
        log: What the log makes of the requests, None for nothing.
    """

    play: Callable[[Stage], None] = _nothing
    style: str = ""
    site: Mapping[str, object] = {}
    log: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def suits(self, site: Site) -> bool:
        """Return whether the site is what the scene needs."""
        fits_style = self.style in ("", site.style)
        return fits_style and all(getattr(site, name) == value for name, value in self.site.items())


def _often(persona: Persona) -> Scene:
    return Scene(partial(_visits, persona=persona))


def _visits(stage: Stage, persona: Persona) -> None:
    """Let a persona come more often than usual."""
    for _ in range(stage.dice.whole(5, 20) if fits(persona, stage.site) else 0):
        stage.crowd.visit(stage.moment(0.5), stage.journal, persona)


_WORDPRESS = {"is_wordpress": True, "login": "/wp-login.php", "login_success": 302, "login_failure": 200}

SCENES: dict[str, Scene] = {
    "ordinary": Scene(),
    "flash-crowd": Scene(crowds.flash_crowd),
    "newsletter": Scene(crowds.newsletter),
    "sale": Scene(crowds.sale, "shop"),
    "outage": Scene(crowds.outage),
    "office": Scene(crowds.office),
    "carrier": Scene(crowds.carrier),
    "classroom": Scene(crowds.classroom, "intranet"),
    "monday": Scene(crowds.monday, "intranet"),
    "site-move": Scene(crowds.site_move),
    "broken-pages": Scene(crowds.broken_pages),
    "prefetching": Scene(crowds.prefetching),
    "new-addresses": Scene(crowds.new_addresses),
    "preconnects": Scene(crowds.preconnects),
    "crawlers": Scene(robots.crawlers),
    "crawler-fast": Scene(robots.crawler_fast),
    "crawler-old-links": Scene(robots.crawler_old_links),
    "feed-readers": Scene(robots.feed_readers),
    "monitors": Scene(robots.monitors),
    "previews": Scene(robots.previews),
    "fediverse": Scene(robots.fediverse),
    "link-checker": Scene(robots.link_checker),
    "contact-files": Scene(robots.contact_files),
    "certificate-checks": Scene(robots.certificate_checks),
    "api-polling": Scene(programs.api_polling),
    "api-batches": Scene(programs.api_batches, "api"),
    "api-tokens": Scene(programs.api_tokens, "api"),
    "file-sync": Scene(programs.file_sync, "intranet"),
    "photo-app": Scene(programs.photo_app, "spa"),
    "mobile-apps": Scene(programs.mobile_apps, "api"),
    "map-tiles": Scene(programs.map_tiles),
    "players": Scene(programs.players),
    "mirrors": Scene(programs.mirrors, "static"),
    "hooks": Scene(programs.hooks),
    "repositories": Scene(programs.repositories, "intranet"),
    "many-mistakes": Scene(owners.many_mistakes, "company"),
    "old-password": Scene(owners.old_password, "intranet"),
    "developer": Scene(owners.developer),
    "smoke-test": Scene(owners.smoke_test),
    "wordpress-author": Scene(owners.wordpress_author, "blog", _WORDPRESS),
    "wordpress-itself": Scene(owners.wordpress_itself, "blog", _WORDPRESS),
    "contact-form": Scene(owners.contact_form),
    "single-page": Scene(_nothing, "spa", {"missing": 200}),
    "redirects": Scene(_nothing, "", {"redirects": True}),
    "no-assets": Scene(_nothing, "", {"shows_assets": False}),
    "common-log": Scene(_nothing, "", {}, make_terse),
    "reverse-proxy": Scene(_nothing, "", {}, behind_proxy),
    "reverse-proxy-office": Scene(crowds.monday, "intranet", {}, behind_proxy),
    "tab-opener": _often(tab_opener),
    "reloader": _often(reloader),
    "long-reader": _often(long_reader),
    "odd-searches": _often(odd_searcher),
    "old-pages": _often(on_old_page),
    "gallery": _often(gallery_viewer),
    "scripts": _often(script_user),
    "app": Scene(partial(_visits, persona=app_user), "api"),
}
"""Runs without attacks by name; "ordinary" has nothing special."""

PLAYABLE = tuple(name for name, scene in SCENES.items() if scene.play is not _nothing and not scene.log)
"""Those that can be played on any site of their style, beside other things."""

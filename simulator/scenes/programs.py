"""Programs of the site's own users: interfaces, synchronising clients, apps, players, mirrors."""

from simulator import agents
from simulator.stage import Stage
from simulator.visit import CREATED, EMPTY, FORBIDDEN, MISSING, NOT_MODIFIED, OK, UNAUTHORISED, Visit

_MULTI_STATUS = 207
_PARTIAL = 206


def api_polling(stage: Stage) -> None:
    """Ask an interface every few seconds, all day."""
    for _ in range(stage.dice.whole(1, 4)):
        visit = stage.program(
            "poller", stage.dice.pick((*agents.SCRIPTS, "Prometheus/2.48.0", "Home Assistant/2024.1"))
        )
        path = _interface(stage)
        for _ in stage.every(visit, stage.dice.pick((2.0, 5.0, 10.0, 15.0)), 0.03):
            visit.ask("GET", path, NOT_MODIFIED if stage.dice.chance(0.3) else OK)


def api_batches(stage: Stage) -> None:
    """Deliver a batch every hour: hundreds of POSTs within a minute."""
    visit = stage.program("batch", stage.dice.pick(agents.SCRIPTS), stage.moment(2))
    path = _interface(stage)
    for _ in range(stage.dice.whole(1, 4)):
        begin = visit.at
        for _ in range(stage.count(60, 500)):
            visit.ask("POST", path, stage.dice.pick((OK, CREATED, CREATED, EMPTY)), size=stage.dice.whole(20, 400))
            visit.at += stage.dice.between(0.03, 0.3)
        visit.at = begin + 3600


def api_tokens(stage: Stage) -> None:
    """Be refused when the token is old, fetch a new one, and go on: a few 401 an hour, for ever."""
    for _ in range(stage.dice.whole(1, 5)):
        visit = stage.program("client", stage.dice.pick(agents.SCRIPTS))
        path = _interface(stage)
        fresh = 0
        for _ in stage.every(visit, stage.dice.log_between(10, 120), 0.3):
            if fresh == 0:
                visit.ask("GET", path, UNAUTHORISED)
                visit.at += 0.1
                if stage.site.has_login:
                    visit.attempt(succeed=True)
                    visit.at += 0.1
                fresh = stage.dice.whole(20, 60)
            visit.ask("GET", path, OK)
            fresh -= 1


def file_sync(stage: Stage) -> None:
    """Synchronise files: PROPFIND refused without credentials, then answered 207, every half minute; previews miss."""
    for _ in range(stage.dice.whole(1, 6)):
        user = stage.dice.pick(("anna", "ben", "clara", "dev"))
        system = stage.dice.pick(("Linux", "Windows", "Macintosh"))
        visit = stage.program("sync", f"Mozilla/5.0 ({system}) mirall/3.{stage.dice.whole(6, 13)}.0 (Nextcloud)")
        visit.ask("PROPFIND", f"/remote.php/dav/files/{user}/", UNAUTHORISED)
        visit.user = user
        for _ in stage.every(visit, 30.0, 0.05):
            visit.ask("PROPFIND", f"/remote.php/dav/files/{user}/", _MULTI_STATUS)
            if stage.dice.chance(0.05):
                _exchange(stage, visit, user)


def photo_app(stage: Stage) -> None:
    """Scroll through a library: hundreds of thumbnails a second, and many are not made yet."""
    for _ in range(stage.count(2, 8)):
        visit = stage.program("photos", agents.app_agent(stage.dice), stage.moment(0.5))
        missing = stage.dice.between(0, 0.4)
        for _ in range(stage.count(150, 900)):
            path = f"/api/assets/{stage.dice.whole(0, 2**48):012x}/thumbnail?size=preview"
            visit.ask("GET", path, MISSING if stage.dice.chance(missing) else OK)
            visit.at += stage.dice.between(0.002, 0.02) if stage.dice.chance(0.97) else stage.dice.between(1, 6)


def mobile_apps(stage: Stage) -> None:
    """Serve a telephone app: interfaces without pages, assets or referrers."""
    for _ in range(stage.count(20, 150)):
        visit = stage.visitor(stage.moment(0.3), agents.app_agent(stage.dice))
        if stage.site.has_login:
            visit.attempt(succeed=stage.dice.chance(0.95))
        for _ in range(stage.dice.whole(5, 40)):
            visit.at += stage.dice.around(5, 0.8)
            visit.ask("GET", _interface(stage), OK)


def map_tiles(stage: Stage) -> None:
    """Look at a map: each move asks for dozens of tiles at once, and at the edge there are none."""
    for _ in range(stage.count(5, 30)):
        visit = stage.visitor(stage.moment(0.4))
        visit.page(stage.site.pages[0])
        for _ in range(stage.dice.whole(3, 25)):
            zoom, x, y = stage.dice.whole(6, 17), stage.dice.whole(0, 60_000), stage.dice.whole(0, 60_000)
            for step in range(stage.dice.whole(8, 30)):
                visit.at += stage.dice.between(0.002, 0.05)
                tile = f"/tiles/{zoom}/{x + step % 5}/{y + step // 5}.png"
                visit.ask("GET", tile, MISSING if stage.dice.chance(0.08) else OK)
            visit.pause(4)


def players(stage: Stage) -> None:
    """Watch films: a piece every few seconds, for hours, and ranges of files."""
    for _ in range(stage.count(3, 15)):
        visit = stage.visitor(stage.moment(2))
        visit.page(stage.site.pages[0])
        film = stage.dice.whole(1, 99)
        for piece in range(min(stage.dice.whole(50, 700), stage.most)):
            visit.ask("GET", f"/media/{film}/seg-{piece:05d}.ts", _PARTIAL if stage.dice.chance(0.2) else OK)
            visit.at += stage.dice.around(4, 0.3)


def mirrors(stage: Stage) -> None:
    """Be a mirror: package managers fetch lists and hundreds of files as fast as they can."""
    for _ in range(stage.count(3, 12)):
        visit = stage.program("mirror", stage.dice.pick(("Debian APT-HTTP/1.3 (2.6.1)", "dnf/4.14", "Wget/1.21.3")),
                              stage.moment(0.3))  # fmt: skip
        for number in range(stage.count(40, 500)):
            visit.ask("GET", f"/debian/pool/main/l/lib{number}/lib{number}_1.{number}_amd64.deb", OK)
            visit.at += stage.dice.between(0.01, 0.3)


def hooks(stage: Stage) -> None:
    """Be told things: a shop's payments, a repository's pushes, now and then many at once."""
    visit = stage.program("hook", stage.dice.pick(("GitHub-Hookshot/8d33975", "Stripe/1.0 (+https://stripe.com)")))
    path = stage.dice.pick(("/hooks/push", "/api/webhook/payment", "/webhook"))
    for _ in stage.every(visit, stage.dice.log_between(20, 600), 0.9):
        for _ in range(stage.dice.weighted({1: 9, 5: 1, 25: 0.2})):
            visit.ask("POST", path, OK if stage.dice.chance(0.97) else stage.dice.pick((500, FORBIDDEN)), size=2)
            visit.at += 0.2


def repositories(stage: Stage) -> None:
    """Serve git over HTTP: each fetch is refused once and then let in."""
    for _ in range(stage.dice.whole(2, 8)):
        visit = stage.program("git", f"git/2.{stage.dice.whole(30, 47)}.1")
        repository = f"/team/{stage.dice.pick(('site', 'tools', 'infra'))}.git"
        for _ in stage.every(visit, stage.dice.log_between(60, 1800), 0.5):
            visit.user = "-"
            visit.ask("GET", f"{repository}/info/refs?service=git-upload-pack", UNAUTHORISED)
            visit.user = "ci"
            visit.at += 0.1
            visit.ask("GET", f"{repository}/info/refs?service=git-upload-pack", OK)
            if stage.dice.chance(0.3):
                visit.at += 0.2
                visit.ask("POST", f"{repository}/git-upload-pack", OK)


def _interface(stage: Stage) -> str:
    return stage.dice.pick(stage.site.api) if stage.site.api else f"/api/{stage.dice.pick(('state', 'items', 'feed'))}"


def _exchange(stage: Stage, visit: Visit, user: str) -> None:
    """Send and fetch some files, and previews that there are none of."""
    for _ in range(stage.dice.whole(1, 15)):
        visit.at += stage.dice.between(0.05, 0.6)
        number = stage.dice.whole(1, 9999)
        method = stage.dice.pick(("PUT", "GET", "MKCOL"))
        visit.ask(method, f"/remote.php/dav/files/{user}/notes/{number}.md", OK if method == "GET" else CREATED)
        if stage.dice.chance(0.4):
            visit.ask("GET", f"/index.php/core/preview?fileId={number}&x=256&y=256", MISSING)

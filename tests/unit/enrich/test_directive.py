"""nginx's log_format and Apache's LogFormat as formats."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from core.errors import FormatError
from enrich import Enrichment, Format, read_events
from enrich.conf import formats_in_conf, read_conf
from enrich.directive import compile_apache, compile_directive, compile_nginx
from enrich.variables import APACHE_DIRECTIVES, NGINX_VARIABLES

WHEN = datetime(2026, 3, 14, 1, 15, 7, tzinfo=UTC)


def one(entry: Format, line: str) -> dict[str, Any]:
    row = read_events(pl.Series([line]), entry, Enrichment()).frame().row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def test_nginx_main_with_more() -> None:
    entry = compile_nginx(
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent" "$http_x_forwarded_for" rt=$request_time ${gzip_ratio} $server_port'
    )
    found = one(
        entry,
        '192.0.2.7 - eve [14/Mar/2026:02:15:07 +0100] "GET /a?b=1 HTTP/1.1" 200 5 "-" "cu\\x22rl"'
        ' "198.51.100.4, 10.0.0.1" rt=0.012 2.10 443',
    )
    assert found["@timestamp"] == WHEN
    assert (found["source.ip"], found["user.name"], found["http.response.status_code"]) == ("192.0.2.7", "eve", 200)
    assert (found["url.path"], found["url.query"], found["http.version"]) == ("/a", "b=1", "1.1")
    assert (found["event.duration"], found["labels.gzip_ratio"]) == (12_000_000, "2.10")
    assert found["network.forwarded_ip"] == "10.0.0.1"
    assert found["user_agent.original"] == r"cu\x22rl"
    assert found["destination.port"] == 443
    assert "error.message" not in found
    assert entry.warnings == ()


@pytest.mark.parametrize(
    ("directive", "text", "when"),
    [
        ("%t", "[14/Mar/2026:02:15:07 +0100]", WHEN),
        ("[%{%d/%b/%Y:%H:%M:%S %z}t]", "[14/Mar/2026:02:15:07 +0100]", WHEN),
        ("%{begin:%Y-%m-%d %T %z}t", "2026-03-14 02:15:07 +0100", WHEN),
        (
            "[%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]",
            "[14/Mar/2026 02:15:07.250 +0100]",
            WHEN.replace(microsecond=250_000),
        ),
        ("%{%Y-%m-%dT%T}t.%{usec_frac}t%{%z}t", "2026-03-14T02:15:07.000250+0100", WHEN.replace(microsecond=250)),
        ("%{sec}t", "1773450907", WHEN),
        ("%{msec}t", "1773450907250", WHEN.replace(microsecond=250_000)),
        ("%{usec}t", "1773450907000250", WHEN.replace(microsecond=250)),
    ],
)
def test_apache_times(directive: str, text: str, when: datetime) -> None:
    assert one(compile_apache(f'%a {directive} "%r"'), f'192.0.2.7 {text} "GET / HTTP/1.1"')["@timestamp"] == when


def test_apache_time_without_zone_is_the_servers() -> None:
    entry = compile_apache('%a %{%F %T}t "%r"').in_zone("Europe/Berlin")
    assert one(entry, '192.0.2.7 2026-03-14 02:15:07 "GET / HTTP/1.1"')["@timestamp"] == WHEN


@pytest.mark.parametrize(
    ("directive", "text", "nanoseconds"),
    [("%D", "1234", 1_234_000), ("%T", "2", 2_000_000_000), ("%{ms}T", "12", 12_000_000), ("%{us}T", "7", 7_000)],
)
def test_apache_durations(directive: str, text: str, nanoseconds: int) -> None:
    assert (
        one(compile_apache(f'%a %t "%r" {directive}'), f'192.0.2.7 [14/Mar/2026:02:15:07 +0100] "-" {text}')[
            "event.duration"
        ]
        == nanoseconds
    )


def test_apache_arguments_and_modifiers() -> None:
    entry = compile_apache(
        r"%{c}a %t %{X-Forwarded-For}i \"%m %U%q %H\" %>s %b \"%{Referer}i\" \"%400,501{User-agent}i\""
        r" %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%{session}C\" \"%{VARIABLE}e\" %{remote}p %X 100%%"
    )
    found = one(
        entry,
        '192.0.2.7 [14/Mar/2026:02:15:07 +0100] 198.51.100.4, 10.0.0.1 "POST /a b?x=%20 HTTP/1.1" 404 17 "-" "curl"'
        ' TLSv1.3 TLS_AES "c=1; d" "own" 51514 + 100%',
    )
    assert (found["source.ip"], found["network.forwarded_ip"]) == ("192.0.2.7", "10.0.0.1")
    assert (found["http.request.method"], found["url.original"], found["http.version"]) == ("POST", "/a b?x=%20", "1.1")
    assert (found["tls.version"], found["tls.version_protocol"], found["tls.cipher"]) == ("1.3", "tls", "TLS_AES")
    assert (found["labels.cookie_session"], found["labels.VARIABLE"]) == ("c=1; d", "own")
    assert (found["source.port"], found["labels.connection_status"]) == (51514, "+")


def test_a_url_in_parts() -> None:
    entry = compile_nginx("$remote_addr|$time_iso8601|$host|$request_method|$uri$is_args$args|$status|$http_user_agent")
    found = one(entry, "192.0.2.7|2026-03-14T02:15:07+01:00|shop.example|GET|/a?b=1|200|Mozilla (x|y)")
    assert (found["url.original"], found["url.domain"], found["user_agent.original"]) == (
        *("/a?b=1", "shop.example"),
        "Mozilla (x|y)",
    )
    assert one(entry, "192.0.2.7|2026-03-14T02:15:07+01:00|shop.example|GET|/a|200|-")["url.original"] == "/a"


def test_json_directive() -> None:
    entry = compile_directive(
        '{"t":"$time_iso8601","ip":"$remote_addr","req":"$request","s":$status,'
        '"more":{"ua":"$http_user_agent","cache":"$upstream_cache_status"},"both":"$connection-$pipe","fixed":"x"}'
    )
    assert entry.keys
    found = one(
        entry,
        '{"t":"2026-03-14T02:15:07+01:00","ip":"192.0.2.7","req":"GET /a?b HTTP/1.1","s":200,'
        '"more":{"ua":"say \\"hi\\"","cache":"HIT"},"both":"1-.","fixed":"x"}',
    )
    assert found["@timestamp"] == WHEN
    assert (found["url.original"], found["http.response.status_code"]) == ("/a?b", 200)
    assert (found["user_agent.original"], found["labels.upstream_cache_status"]) == ('say "hi"', "HIT")
    assert found["labels.both"] == "1-."


def test_json_directive_of_apache() -> None:
    entry = compile_directive(r"{ \"time\":\"%t\", \"ip\":\"%a\", \"url\":\"%U\", \"q\":\"%q\", \"m\":\"%m\" }")
    line = '{ "time":"[14/Mar/2026:02:15:07 +0100]", "ip":"192.0.2.7", "url":"/x", "q":"?a=1", "m":"GET" }'
    found = one(entry, line)
    assert (found["@timestamp"], found["url.original"]) == (WHEN, "/x?a=1")


def test_explains_what_becomes_of_each_variable() -> None:
    entry = compile_nginx('$remote_addr [$time_local] "$request" $upstream_addr $remote_addr')
    assert dict(entry.explain()) == {
        "$remote_addr": (),
        "$time_local": ("@timestamp",),
        "$request": ("http.request.method", "url.original", "http.version"),
        "$upstream_addr": ("labels.upstream_addr",),
    }
    assert entry.explain()[0] == ("$remote_addr", ("source.address",))


def test_two_values_for_one_field_keep_both() -> None:
    entry = compile_nginx("$remote_addr [$time_local] $host $server_name $http_host")
    found = one(entry, "192.0.2.7 [14/Mar/2026:02:15:07 +0100] a.example b.example c.example")
    assert found["url.domain"] == "a.example"
    assert (found["labels.server_name"], found["labels.http_host"]) == ("b.example", "c.example")


@pytest.mark.parametrize(
    ("directive", "warning"),
    [
        ("$remote_addr $time_iso8601 $http_user_agent $status", "$http_user_agent stands without quotes"),
        ("$remote_addr $time_iso8601 $status$request_id", "nothing stands between $status and $request_id"),
        ("%a %t %{User-Agent}i %s", "%{User-Agent}i stands without quotes"),
    ],
)
def test_warns_of_what_is_ambiguous(directive: str, warning: str) -> None:
    (sentence,) = compile_directive(directive).warnings
    assert sentence.startswith(warning)


@pytest.mark.parametrize(
    ("directive", "sentence"),
    [
        ("plain", "has no variable in it"),
        ("$remote_addr $status", "the nginx log_format has no time in it: add"),
        ("$time_local $status", "the nginx log_format has no client's address in it: add"),
        ("%h %s", "the Apache LogFormat has no time in it: add"),
        ("%t %s", "no client's address"),
        ("%h %{%Q}t", "times in the layout '%Q' cannot be read"),
    ],
)
def test_refuses_with_a_sentence(directive: str, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence):
        compile_directive(directive)


@pytest.mark.parametrize("variable", sorted(NGINX_VARIABLES))
def test_every_nginx_variable_compiles(variable: str) -> None:
    entry = compile_nginx(f"$remote_addr [$time_local] x=${variable} y")
    value = "" if variable == "is_args" else "-"
    assert one(entry, f"192.0.2.7 [14/Mar/2026:02:15:07 +0100] x={value} y")["source.ip"] == "192.0.2.7"


@pytest.mark.parametrize("letter", sorted(APACHE_DIRECTIVES))
def test_every_apache_directive_compiles(letter: str) -> None:
    entry = compile_apache(f"%a [%{{sec}}t] x=%{letter} y")
    assert entry.explain()


CONF = r"""
http { # log_format 'not this one';
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" "it\'s"';
    log_format json escape=json '{"t":"$time_iso8601",' '"a":"$remote_addr"}';
    log_format useless '$status';
    access_log /var/log/nginx/access.log main buffer=32k flush=5m;
    server {
        access_log /var/log/nginx/api.json json if=$loggable;
        access_log /var/log/nginx/plain.log;
        location ~ \.php$ { access_log off; access_log logs/useless.log useless; }
    }
}
"""


def test_nginx_configuration() -> None:
    conf = read_conf(CONF)
    assert list(conf.texts) == ["main", "json", "useless", "combined"]
    assert conf.texts["main"].endswith('"it\'s"')
    names = {path: found.name for path in conf.files if "useless" not in path and (found := conf.choose(path))}
    assert names == {
        "/var/log/nginx/access.log": "main",
        "/var/log/nginx/api.json": "json",
        "/var/log/nginx/plain.log": "combined",
    }
    elsewhere = conf.choose("/copy/of/api.json")
    assert elsewhere is not None
    assert elsewhere.name == "json"
    assert conf.choose("/var/log/other.log") is None
    assert list(formats_in_conf(CONF)) == ["main", "json", "combined"]
    with pytest.raises(FormatError, match="has no time"):
        conf.choose("/x/useless.log")
    with pytest.raises(FormatError, match="no log format 'nothing': it has main, json"):
        conf.find("nothing")


def test_apache_configuration() -> None:
    conf = read_conf(
        'LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O" vhost\n'
        "# CustomLog nothing.log vhost\n"
        "  CustomLog ${APACHE_LOG_DIR}/access.log vhost env=!dontlog\n"
        'CustomLog "logs/ssl_request_log" \\\n   "%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \\"%r\\" %b"\n'
        "TransferLog logs/transfer.log\n"
    )
    vhost = conf.choose("/var/log/apache2/access.log")
    assert vhost is not None
    found = one(vhost, 'shop.example:443 192.0.2.7 - - [14/Mar/2026:02:15:07 +0100] "GET / HTTP/1.1" 200 17')
    assert (found["url.domain"], found["destination.port"], found["http.response.bytes"]) == ("shop.example", 443, 17)
    ssl = conf.choose("/etc/httpd/logs/ssl_request_log")
    assert ssl is not None
    assert one(ssl, '[14/Mar/2026:02:15:07 +0100] 192.0.2.7 TLSv1.3 AES "GET / HTTP/1.1" 5')["tls.cipher"] == "AES"
    assert conf.choose("transfer.log") is not None


def test_configuration_without_logs() -> None:
    with pytest.raises(FormatError, match="says nothing of logs"):
        read_conf("server { listen 80; }")

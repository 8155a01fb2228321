"""The table of log formats; a new format is a new entry."""

from core.errors import FormatError
from enrich import clf
from enrich.entry import Format, Header, Key
from enrich.json_keys import APACHE_KEYS, CADDY_KEYS, ENVOY_KEYS, NGINX_KEYS, TRAEFIK_KEYS
from enrich.shapes import parse_shape, shape_patterns
from enrich.w3c import CLOUDFRONT_NAMES, IIS_GUESSES, IIS_NAMES, read_columns

_SYSLOG = (
    r"(?:<[0-9]+>)?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9\-]{5}T[^ ]+) [^ ]+"
    r" (?P<process.name>[^ \[:]+)(?:\[(?P<process.pid>[0-9]+)\])?: "
)
_CONTAINER = r"[0-9]{4}-[^ ]+ std(?:out|err) [FP] "
_HAPROXY = (
    "{peer} [{time_haproxy}] {haproxy.frontend_name} {haproxy.backend_name}/{haproxy.server_name}"
    " {haproxy.http.request.time_wait_ms}/{haproxy.total_waiting_time_ms}/{haproxy.connection_wait_time_ms}"
    "/{haproxy.http.request.time_wait_without_data_ms}/{millis} {status} {haproxy_bytes}"
    " {haproxy.http.request.captured_cookie} {haproxy.http.response.captured_cookie} {haproxy.termination_state}"
    " {haproxy.connections.active}/{haproxy.connections.frontend}/{haproxy.connections.backend}"
    "/{haproxy.connections.server}/{haproxy.connections.retries} {haproxy.server_queue}/{haproxy.backend_queue}"
)
_CAPTURED = (
    "",
    " {{{haproxy.http.request.captured_headers}}}",
    " {{{haproxy.http.request.captured_headers}}} {{{haproxy.http.response.captured_headers}}}",
)
_ALB = (
    "{aws.elb.protocol} {time_iso} {aws.elb.name} {peer} {elb_target} {aws.elb.request_processing_time.sec}"
    " {aws.elb.backend_processing_time.sec} {aws.elb.response_processing_time.sec} {status}"
    " {aws.elb.backend.http.response.status_code} {request_bytes} {response_bytes}"
    ' "{request}" "{user_agent}" {elb_cipher} {elb_tls} {aws.elb.target_group.arn} "{aws.elb.trace_id}"'
    ' "{tls_server}" "{aws.elb.chosen_cert.arn}" {aws.elb.matched_rule_priority} {aws.elb.creation_time}'
    ' "{aws.elb.action_executed}" "{aws.elb.redirect_url}" "{aws.elb.error.reason}" "{aws.elb.target_port}"'
    ' "{aws.elb.target_status_code}" "{aws.elb.classification}" "{aws.elb.classification_reason}"'
)
_NPM = '[Client {address}] [Length {bytes}] [Gzip {}]{SENT} "{user_agent}" "{referrer}"'
_COMMON = clf.COMMON_SHAPE


_NEIGHBOURS = (*clf.combined(""), *clf.neighbours())


def _shaped(name: str, title: str, *shapes: str, before: str = "", also: tuple[str, ...] = ()) -> Format:
    patterns = shape_patterns(*shapes, before=before)
    return Format(name, title, patterns.all, patterns.strict, patterns.shapes, (*patterns.cut, *also))


def _json(name: str, title: str, keys: tuple[Key, ...], *needs: str, before: str = "") -> Format:
    return Format(name, title, keys=keys, needs=needs, before=before)


def _headed(name: str, title: str, header: Header, *guesses: str) -> Format:
    entry = Format(name, title, header=header)
    return read_columns(entry, tuple(guess.split() for guess in guesses))


_ENTRIES = (
    _shaped(
        "nginx_ingress",
        "Kubernetes' ingress-nginx",
        f"{clf.COMBINED_SHAPE} {{ingress_bytes}} {{ingress_seconds}} [{{nginx.ingress_controller.upstream.name}}]"
        " [{nginx.ingress_controller.upstream.alternative_name}] {ingress_upstreams} {ingress_lengths}"
        " {ingress_times} {ingress_statuses} {ingress_id}",
        also=_NEIGHBOURS,
    ),
    _shaped(
        "traefik",
        "Traefik's own, after the common log format",
        f'{clf.COMBINED_SHAPE} {{traefik.access.request_count}} "{{traefik.access.frontend_name}}"'
        ' "{traefik.access.backend_url}" {nanos}',
        f'{_COMMON} {{referrer}} "{{user_agent}}" {{traefik.access.request_count}} "{{traefik.access.frontend_name}}"'
        ' "{traefik.access.backend_url}" {nanos}',
        also=_NEIGHBOURS,
    ),
    _shaped(
        "combined_timed",
        "combined, then times in seconds, with X-Forwarded-For before them or without (nginx)",
        *clf.TIMED_SHAPES,
        also=_NEIGHBOURS,
    ),
    _shaped(
        "combined_forwarded",
        "combined, then X-Forwarded-For in quotes (nginx's main)",
        clf.FORWARDED_SHAPE,
        also=_NEIGHBOURS,
    ),
    _shaped("combinedio", "combined, then bytes received and sent (Apache)", clf.IO_SHAPE, also=_NEIGHBOURS),
    _shaped(
        "combined_micros",
        "combined, then the time taken in microseconds (Apache's %D)",
        clf.MICROS_SHAPE,
        also=_NEIGHBOURS,
    ),
    _shaped(
        "vhost_request_id",
        "combined after the host, with a request's number (BunkerWeb)",
        '{domain} {address} - {request_id} {user} [{time}] "{request}" {status} {bytes} "{referrer}" "{user_agent}"',
        also=(*clf.combined(clf.VHOST), *clf.neighbours(clf.VHOST)),
    ),
    Format(
        "vhost_combined",
        "combined after the host, with or without its port (Apache, nginx)",
        clf.combined(clf.VHOST),
        shapes=(parse_shape(f"{{domain}}:{{server_port}} {clf.COMBINED_SHAPE}"),),
        lenient=clf.neighbours(clf.VHOST),
    ),
    Format(
        "combined",
        "combined, the default of Apache and nginx",
        clf.combined(""),
        shapes=(parse_shape(clf.COMBINED_SHAPE),),
        lenient=clf.neighbours(),
    ),
    Format(
        "common",
        "common: no referrer, no user agent (Apache)",
        clf.common(),
        shapes=(parse_shape(clf.COMMON_SHAPE),),
    ),
    _shaped(
        "apache_ssl",
        "Apache's ssl_request_log",
        '[{time}] {address} {apache_tls} {apache_cipher} "{request}" {bytes}',
    ),
    _shaped(
        "nginx_proxy_manager",
        "Nginx Proxy Manager's proxy and standard logs",
        '[{time}] {label_cache} {label_upstream_status} {status} - {method} {scheme} {domain} "{url}" '
        + _NPM.replace("{SENT}", " [Sent-to {label_upstream}]"),
        '[{time}] {status} - {method} {scheme} {domain} "{url}" ' + _NPM.replace("{SENT}", ""),
        also=_NEIGHBOURS,
    ),
    _shaped(
        "npmplus",
        "NPMplus",
        '[{time}] {domain} {address} {seconds} "{request}" {status} {bytes} {response_bytes} {referrer} {user_agent}',
    ),
    _shaped(
        "haproxy",
        "HAProxy's HTTP log, from a file or syslog",
        *(f'{_HAPROXY}{captured} "{{haproxy_request}}"' for captured in _CAPTURED),
        before=f"(?:{_SYSLOG})?",
    ),
    _shaped("aws_alb", "AWS application load balancer", _ALB, f"{_ALB} {{label_connection_trace_id:[^ ]*}}{{:.*}}"),
    _shaped(
        "zoraxy",
        "Zoraxy",
        "{} {} [{time_iso}] [router:{label_router}] [origin:{domain}] [client: {address}] [useragent: {user_agent}]"
        " {method} {url} {status}",
    ),
    _shaped(
        "envoy",
        "Envoy's default text format",
        '[{time_iso}] "{request}" {status} {label_response_flags} {request_body_bytes} {bytes} {millis} {}'
        ' "{forwarded_list}" "{user_agent}" "{request_id}" "{domain}" "{label_upstream_host}"',
        before=f"(?:{_CONTAINER})?",
    ),
    _headed("iis", "IIS, W3C extended format", Header("#Fields:", " ", IIS_NAMES), *IIS_GUESSES),
    _headed(
        "aws_cloudfront",
        "AWS CloudFront's standard logs",
        Header("#Fields:", "\t", CLOUDFRONT_NAMES),
        " ".join(CLOUDFRONT_NAMES),
    ),
    _json("caddy", "Caddy 2, JSON", CADDY_KEYS, "time_any", "method", "url"),
    _json("traefik_json", "Traefik, JSON", TRAEFIK_KEYS, "time_any", "method", "url"),
    _json("envoy_json", "Envoy, JSON", ENVOY_KEYS, "time_any", "peer", "status", before=_CONTAINER),
    _json(
        "nginx_json",
        "nginx, JSON whose keys are named after its variables",
        NGINX_KEYS,
        *("time_any", "address|forwarded", "request|url|stem"),
    ),
    _json(
        "apache_json",
        "Apache, JSON with the usual keys",
        APACHE_KEYS,
        *("time_any", "address", "request|url|stem"),
    ),
)

FORMATS: dict[str, Format] = {entry.name: entry for entry in _ENTRIES}
"""By name, the most telling first: where two formats fit a file equally well, the earlier one is taken."""


def find_format(name: str) -> Format:
    """Return a format by its name.

    Raises:
        FormatError: There is none of this name.
    """
    if name not in FORMATS:
        raise FormatError(f"there is no log format {name!r}", f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]

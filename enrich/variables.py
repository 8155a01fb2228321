"""What nginx's variables and Apache's percent directives are: the slot that each of them fills."""

from enrich.slots import label

NGINX_VARIABLES = {
    "remote_addr": "address",
    "binary_remote_addr": "ignored",
    "realip_remote_addr": "label_realip_remote_addr",
    "remote_port": "port",
    "remote_user": "user",
    "time_local": "time",
    "time_iso8601": "time_iso",
    "msec": "time_seconds",
    "request": "request",
    "request_method": "method",
    "request_uri": "url",
    "uri": "stem",
    "document_uri": "stem",
    "args": "args",
    "is_args": "ignored",
    "query_string": "args",
    "server_protocol": "protocol",
    "status": "status",
    "body_bytes_sent": "bytes",
    "bytes_sent": "response_bytes",
    "request_length": "request_bytes",
    "content_length": "request_body_bytes",
    "content_type": "http.request.mime_type",
    "http_content_type": "http.request.mime_type",
    "sent_http_content_type": "http.response.mime_type",
    "request_time": "seconds",
    "http_referer": "referrer",
    "http_user_agent": "user_agent",
    "http_x_forwarded_for": "forwarded",
    "proxy_add_x_forwarded_for": "forwarded_list",
    "http_forwarded": "forwarded",
    "host": "domain",
    "http_host": "domain",
    "server_name": "domain",
    "scheme": "scheme",
    "request_id": "request_id",
    "http_x_request_id": "request_id",
    "server_addr": "server_address",
    "server_port": "server_port",
    "ssl_protocol": "tls",
    "ssl_cipher": "tls.cipher",
    "ssl_server_name": "tls_server",
    "pid": "process.pid",
}
"""Every other variable fills a label of its name."""

APACHE_DIRECTIVES = {
    "a": "address",
    "h": "address",
    "A": "server_address",
    "l": "ignored",
    "u": "user",
    "t": "time",
    "r": "request",
    "m": "method",
    "U": "stem",
    "q": "args",
    "H": "protocol",
    "v": "domain",
    "V": "domain",
    "p": "server_port",
    "s": "status",
    "b": "bytes",
    "B": "bytes",
    "I": "request_bytes",
    "O": "response_bytes",
    "S": "label_bytes_transferred",
    "D": "micros",
    "T": "seconds",
    "P": "process.pid",
    "L": "request_id",
    "X": "label_connection_status",
    "k": "label_keepalive_requests",
    "f": "label_filename",
    "R": "label_handler",
    "E": "label_error_code",
}
"""Directives without an argument."""

APACHE_ARGUMENTS = {
    ("a", "c"): "label_peer_address",
    ("h", "c"): "label_peer_host",
    ("p", "canonical"): "server_port",
    ("p", "local"): "server_port",
    ("p", "remote"): "port",
    ("T", "s"): "seconds",
    ("T", "ms"): "millis",
    ("T", "us"): "micros",
    ("P", "pid"): "process.pid",
    ("P", "tid"): "label_thread_id",
    ("P", "hextid"): "label_thread_id",
    ("t", "sec"): "time_seconds",
    ("t", "msec"): "time_millis",
    ("t", "usec"): "time_micros",
    ("i", "user-agent"): "user_agent",
    ("i", "referer"): "referrer",
    ("i", "x-forwarded-for"): "forwarded",
    ("i", "forwarded"): "forwarded",
    ("i", "host"): "domain",
    ("i", "content-type"): "http.request.mime_type",
    ("i", "content-length"): "request_body_bytes",
    ("i", "x-request-id"): "request_id",
    ("o", "content-type"): "http.response.mime_type",
    ("e", "unique_id"): "request_id",
    ("x", "ssl_protocol"): "tls",
    ("x", "ssl_cipher"): "tls.cipher",
    ("x", "ssl_tls_sni"): "tls_server",
    ("e", "ssl_protocol"): "tls",
    ("e", "ssl_cipher"): "tls.cipher",
}
"""Directives with an argument, in small letters: ``%{User-Agent}i``."""

_KINDS = {"C": "cookie", "i": "request", "o": "response", "e": "env", "n": "note", "x": "ssl", "^ti": "request_trailer"}


def nginx_slot(variable: str) -> str:
    """Return the slot of a variable, without its dollar sign."""
    return NGINX_VARIABLES.get(variable) or label(variable)


def apache_slot(letter: str, argument: str) -> str:
    """Return the slot of a directive such as ``%s`` or ``%{Referer}i``."""
    if not argument:
        return APACHE_DIRECTIVES.get(letter) or label(letter)
    known = APACHE_ARGUMENTS.get((letter, argument.lower()))
    if known:
        return known
    kind = _KINDS.get(letter, letter)
    return label(f"{kind}_{argument}" if letter in _KINDS and letter not in "eio" else argument)

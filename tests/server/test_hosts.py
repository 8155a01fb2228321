"""Several addresses in es.url: from text and from a list, by TLS with an API key, one of them dead."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from core.client import connect, es_errors, hosts_of
from core.errors import StoreError, StoreUnreachableError
from core.settings import EsSettings, load_settings

DEAD = "https://127.0.0.1:9"


def test_a_list_and_a_text_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "wwwatch.yml"
    config.write_text("es:\n  url: ['http://a:1', 'http://b:2']\nship:\n  compression: off\n")
    settings = load_settings(config)
    assert hosts_of(settings.es) == ["http://a:1", "http://b:2"]
    assert settings.ship.compression == "off"
    monkeypatch.setenv("WWWATCH_ES_URL", "http://a:1, http://b:2,")
    assert hosts_of(load_settings(config).es) == ["http://a:1", "http://b:2"]


def test_no_password_in_the_error() -> None:
    with pytest.raises(StoreError, match=r"cannot use Elasticsearch at one:1, two") as caught:
        connect(EsSettings(url="http://u:secret@one:1,u:secret@two"))
    assert "secret" not in str(caught.value)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def guarded(authority: trustme.CA) -> Iterator[tuple[str, list[str]]]:
    """The address of a TLS server that looks like Elasticsearch, and the keys that it was shown."""
    keys: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            keys.append(self.headers.get("authorization", ""))
            body = b'{"status":"green"}'
            self.send_response(200)
            for name, value in {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}", keys
        server.shutdown()


def test_tls_and_a_key_for_all_and_the_dead_one_is_passed_over(
    authority: trustme.CA, guarded: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, keys = guarded
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    settings = EsSettings(url=f"{DEAD},{address}", api_key="a2V5", ca_certs=ca)  # type: ignore[arg-type]  # pydantic makes it a secret
    with connect(settings) as client:
        for _ in range(6):
            assert client.cluster.health()["status"] == "green"
    assert keys == ["ApiKey a2V5"] * 6


def test_all_dead() -> None:
    with (
        connect(EsSettings(url="http://127.0.0.1:9,http://127.0.0.1:19")) as client,
        pytest.raises(StoreUnreachableError),
        es_errors("ask"),
    ):
        client.cluster.health()

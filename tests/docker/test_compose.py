"""The compose environment on a real engine, where there is one: it gets mail, and its Kibana takes our objects."""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from pytest_docker.plugin import Services

from kibana.compile.objects import build_objects
from kibana.install.install import install
from kibana.install.server import Access, Kibana
from kibana.source.files import read_sources

ROOT = Path(__file__).parents[2]


def _has_engine() -> bool:
    engine = shutil.which("docker")
    return engine is not None and subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not _has_engine(), reason="no docker engine answers here"),
]


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    """The environment that `docker compose up` starts."""
    return str(ROOT / "docker-compose.yml")


@pytest.fixture(scope="session")
def docker_setup() -> list[str]:
    """Build the images and start everything; the test waits for what it needs."""
    return ["up --build --detach"]


def test_an_attack_in_the_environment_becomes_a_mail(docker_services: Services) -> None:
    port = docker_services.port_for("mail", 8025)

    def has_mail() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/messages", timeout=5) as answer:
                return any("[wwwatch]" in mail["Subject"] for mail in json.load(answer)["messages"])
        except OSError:
            return False

    docker_services.wait_until_responsive(has_mail, timeout=600, pause=5)


def test_a_real_kibana_takes_all_objects_twice(docker_services: Services) -> None:
    port = docker_services.port_for("kibana", 5601)

    def is_up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=5) as answer:
                return bool(json.load(answer)["status"]["overall"]["level"] == "available")
        except OSError:
            return False

    docker_services.wait_until_responsive(is_up, timeout=600, pause=5)
    kibana, objects = Kibana(Access(f"http://127.0.0.1:{port}")), build_objects(read_sources())
    assert [install(kibana, objects).count for _ in range(2)] == [len(objects)] * 2
    for each in objects:
        place = f"{each.type}/{each.id}"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/saved_objects/{place}", timeout=30) as answer:
            assert json.load(answer)["attributes"]["title"] == each.attributes["title"]

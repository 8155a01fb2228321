"""The compose environment on a real engine, where there is one: it comes up, and its mail catcher gets mail."""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from pytest_docker.plugin import Services

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

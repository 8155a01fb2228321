"""Both compose files fit the program: commands, options, settings, paths and dependencies that they name exist."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from core.settings import load_settings
from wwwatch.cli import cli

ROOT = Path(__file__).parents[3]
FILES = {"test": ROOT / "docker-compose.yml", "production": ROOT / "deploy" / "compose.production.yml"}
EXAMPLE = ROOT / "deploy" / "wwwatch.example.yml"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
PINNED = re.compile(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$")
ADMINS_FOLDERS = ("/etc/wwwatch/", "/var/log/nginx")
"""What the production file's first lines ask the admin to provide."""


def interpolated(text: str) -> str:
    """Return the file with the default of each variable, as compose sees it in an empty environment."""
    text = re.sub(r"\$\{\w+:-((?:[^{}])*)\}", r"\1", text)
    return re.sub(r"\$\{(\w+):\?[^}]*\}", r"\1", text)


def compose(kind: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(interpolated(FILES[kind].read_text(encoding="utf-8")))
    return parsed


SERVICES = [(kind, name, body) for kind in FILES for name, body in compose(kind)["services"].items()]
IDS = [f"{kind}-{name}" for kind, name, _ in SERVICES]
every_service = pytest.mark.parametrize(("kind", "name", "body"), SERVICES, ids=IDS)
OURS = [service for service in SERVICES if service[2]["image"].startswith("wwwatch")]
every_own_service = pytest.mark.parametrize(
    ("kind", "name", "body"), OURS, ids=[f"{kind}-{name}" for kind, name, _ in OURS]
)


def parse_command(arguments: list[str]) -> click.Context:
    """Parse a command line as far as click does before it runs the command."""
    context = click.Context(cli, info_name="wwwatch")
    command: click.Command = cli
    rest = list(arguments)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command = found
        if isinstance(command, click.Group):
            context = click.Context(command, parent=context, info_name=name)
    return command.make_context(command.name, rest, parent=context)


@every_own_service
def test_command_and_its_options_exist(kind: str, name: str, body: dict[str, Any]) -> None:
    with parse_command(body["command"]) as context:
        assert context.command.callback is not None


@every_own_service
def test_healthchecks_by_the_program_exist(kind: str, name: str, body: dict[str, Any]) -> None:
    check = body.get("healthcheck", {}).get("test", [])
    if check[:2] == ["CMD", "wwwatch"]:
        assert parse_command(check[2:]).command.callback is not None


def test_commands_in_the_comments_exist() -> None:
    comments = "\n".join(file.read_text(encoding="utf-8") for file in FILES.values())
    for line in re.findall(r"^#.* run --rm \w+ (.+)$", comments, re.MULTILINE):
        assert parse_command(line.split()).command.callback is not None


def test_a_wrong_option_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse_command(["setup", "--no-such-option"])
    with pytest.raises(AssertionError, match="no-such-command"):
        parse_command(["no-such-command"])


@every_own_service
def test_environment_is_made_of_real_settings(
    kind: str, name: str, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {**dockerfile_environment(), **body["environment"]}.items():
        monkeypatch.setenv(variable, str(value))
    config = EXAMPLE if "WWWATCH_CONFIG" in body["environment"] else None
    settings = load_settings(config)
    assert settings.es.url == body["environment"]["WWWATCH_ES_URL"]
    assert settings.state == Path("/var/lib/wwwatch/state")


def dockerfile_environment() -> dict[str, str]:
    return dict(re.findall(r"(WWWATCH_[A-Z_]+)=(\S+)", DOCKERFILE))


@every_service
def test_images_are_pinned(kind: str, name: str, body: dict[str, Any]) -> None:
    assert PINNED.search(body["image"])


def test_base_images_are_pinned() -> None:
    stages = set(re.findall(r"AS (\w+)", DOCKERFILE))
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages
    assert bases
    assert [base for base in bases if not PINNED.search(base)] == []


@every_service
def test_mounted_host_paths_exist(kind: str, name: str, body: dict[str, Any]) -> None:
    declared = compose(kind).get("volumes", {})
    for mount in body.get("volumes", []):
        source = mount.partition(":")[0]
        if source.startswith((".", "/")):
            is_ours = (FILES[kind].parent / source).resolve().is_relative_to(ROOT)
            assert (FILES[kind].parent / source).exists() if is_ours else source.startswith(ADMINS_FOLDERS)
        else:
            assert source in declared


@every_service
def test_build_files_and_stages_exist(kind: str, name: str, body: dict[str, Any]) -> None:
    build = body.get("build")
    if build is None:
        return
    context = (FILES[kind].parent / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    assert f"AS {build['target']}\n" in DOCKERFILE


@every_service
def test_dependencies_exist_and_can_be_met(kind: str, name: str, body: dict[str, Any]) -> None:
    services = compose(kind)["services"]
    for other, need in body.get("depends_on", {}).items():
        assert other in services
        if need["condition"] == "service_healthy":
            assert "healthcheck" in services[other]
        if need["condition"] == "service_completed_successfully":
            assert services[other].get("restart", "no") in ("no", "on-failure")
        if "profiles" in services[other]:
            assert need["required"] is False


@every_service
def test_nobody_runs_as_root(kind: str, name: str, body: dict[str, Any]) -> None:
    user = body.get("user", "")
    own = body["image"].startswith("wwwatch")
    assert own or re.match(r"^[1-9]\d*:", user)
    for stage in re.split(r"^FROM .*AS (?=wwwatch|www)", DOCKERFILE, flags=re.MULTILINE)[1:]:
        assert re.findall(r"^USER (\w+)", stage, re.MULTILINE)[-1] == "wwwatch"


@every_service
def test_ports_are_this_machines_alone(kind: str, name: str, body: dict[str, Any]) -> None:
    assert [port for port in body.get("ports", []) if not port.startswith("127.0.0.1:")] == []


@every_own_service
def test_volumes_cover_folders_that_the_image_gives_to_its_user(kind: str, name: str, body: dict[str, Any]) -> None:
    made = {
        f"/var/lib/wwwatch/{folder}" for folder in re.findall(r"^RUN mkdir (.+)$", DOCKERFILE, re.MULTILINE)[0].split()
    }
    for mount in body.get("volumes", []):
        source, target, *_ = mount.split(":")
        if not source.startswith((".", "/")):
            assert target in {*made, "/var/lib/wwwatch"}


def test_production_logs_and_secrets_are_read_only() -> None:
    services = compose("production")["services"]
    assert "/var/log/nginx:/var/log/nginx:ro" in services["shipper"]["volumes"]
    for _, name, body in OURS:
        if services.get(name) is body:
            assert body["read_only"] is True
    assert not re.search(r"(?i)(password|api_key): *[^\s/]", FILES["production"].read_text(encoding="utf-8"))

"""Settings: file, environment and options in one tree; wrong ones are refused, all at once, secrets unseen."""

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import load_settings


def test_defaults_need_nothing() -> None:
    settings = load_settings()
    assert settings.es.url is None
    assert settings.detect.index == "logs-www.access-*"


def test_environment_wins_over_file_and_options_over_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "wwwatch.yml"
    file.write_text("es: {url: 'http://file:1', username: file}\nsmtp: {host: file, to: [a@file]}\n")
    monkeypatch.setenv("WWWATCH_ES_USERNAME", "environment")
    monkeypatch.setenv("WWWATCH_SMTP_HOST", "environment")
    settings = load_settings(file, es={"url": "http://option:1"})
    assert settings.es.url == "http://option:1"
    assert settings.es.username == "environment"
    assert settings.smtp.host == "environment"
    assert settings.smtp.to == ("a@file",)


@pytest.mark.parametrize(
    ("text", "addresses"), [("a@x", ("a@x",)), ("a@x, b@x", ("a@x", "b@x")), ("", ()), ("a@x,", ("a@x",))]
)
def test_addresses_in_the_environment_are_apart_by_commas(
    text: str, addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WWWATCH_SMTP_TO", text)
    assert load_settings().smtp.to == addresses


def test_paths_in_the_environment_are_apart_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WWWATCH_SHIP_GEOIP", "/a/city.mmdb, asn.mmdb")
    monkeypatch.setenv("WWWATCH_SHIP_TRUSTED_PROXIES", "10.0.0.0/8,::1")
    assert load_settings().ship.geoip == (Path("/a/city.mmdb"), Path("asn.mmdb"))
    assert load_settings().ship.trusted_proxies == ("10.0.0.0/8", "::1")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "wwwatch.yml"
    file.write_text("es: {adress: x}\nnode: {heap: much}\ndetect: {threshold: 101}\nwhat: 1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    for key in ("es.adress", "node.heap", "detect.threshold", "what"):
        assert key in str(caught.value)


def test_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "wwwatch.yml"
    file.write_text("es: {password: [hunter2, hunter3]}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert "hunter" not in str(caught.value)


def test_secrets_are_masked() -> None:
    settings = load_settings(es={"api_key": "hunter2"}, smtp={"password": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())


@pytest.mark.parametrize("text", ["es: [", "\x00", "- a\n- b\n"])
def test_broken_file_is_one_sentence(text: str, tmp_path: Path) -> None:
    file = tmp_path / "wwwatch.yml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert "\n" not in str(caught.value)


def test_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "nowhere.yml")

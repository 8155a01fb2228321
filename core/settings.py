"""Settings: `wwwatch.yml`, environment variables over it, options over those; unknown keys are refused, secrets masked.

An environment variable is ``WWWATCH_<SECTION>_<KEY>``: ``WWWATCH_ES_URL`` sets ``es.url``.
"""

import ipaddress
import os
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from core.documents import ACCESS_PATTERN
from core.errors import SettingsError

CONFIG_FILE = "wwwatch.yml"


def _split(value: Any) -> Any:
    # An environment variable holds text: addresses apart by commas are what people write there.
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _join(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


Hosts = Annotated[str, BeforeValidator(_join)]
"""Addresses apart by commas; a YAML file may list them."""


def _unyaml(value: Any) -> Any:
    return "off" if value is False else value  # what a YAML file's bare `off` is read as


def _check_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # the first where there is none of this name
        raise ValueError("no such time zone; write it as in Europe/Berlin") from None
    return value


Zone = Annotated[str, AfterValidator(_check_zone)]

Compression = Annotated[Literal["off", "gzip"], BeforeValidator(_unyaml)]

Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split)]


class Section(BaseModel):
    """A section of the settings: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EsSettings(Section):
    """An existing cluster; without `url` the embedded node is used."""

    url: Hosts | None = Field(
        None, description="Elasticsearch, e.g. https://es.example.org:9200; several addresses apart by commas"
    )
    api_key: SecretStr | None = Field(None, description="API key, base64 as Kibana shows it")
    username: str | None = Field(None, description="user name for basic authentication")
    password: SecretStr | None = Field(None, description="password for basic authentication")
    ca_certs: Path | None = Field(None, description="PEM file of the certificate authority to trust")
    timeout_seconds: float = Field(30.0, gt=0, description="how long one request may take")


class NodeSettings(Section):
    """The embedded Elasticsearch node."""

    heap: str = Field("512m", pattern=r"^\d+[mg]$", description="Java heap, e.g. 512m or 2g")
    port: int = Field(0, ge=0, le=65535, description="HTTP port; 0 picks a free one")
    data: Path | None = Field(None, description="data folder; default: kept under the state folder")
    repository: str | None = Field(None, description="Maven repository to download from; default: Maven Central")


class ShipSettings(Section):
    """What is shipped, and where to."""

    namespace: str = Field("default", pattern=r"^[a-z0-9_.]{1,100}$", description="last part of the data stream's name")
    batch_bytes: int = Field(4_000_000, gt=0, description="log bytes read into one bulk request")
    batch_lines: int = Field(5_000, gt=0, description="lines in one bulk request at most")
    batch_seconds: float = Field(0.5, ge=0, description="how long a batch that is not full waits for more lines")
    in_flight: int = Field(2, ge=1, le=16, description="bulk requests on their way at the same time")
    compression: Compression = Field("off", description="of bulk requests: off or gzip")
    poll_seconds: float = Field(0.5, gt=0, description="how often a quiet file is looked at")
    max_open_files: int = Field(500, ge=1, description="files held open; a quiet one is closed and opened again")
    spool_bytes: int = Field(1_000_000_000, gt=0, description="disk for received lines that are not delivered yet")
    geoip: Paths = Field((), description="databases in MaxMind's format: cities, countries, AS numbers")
    trusted_proxies: Addresses = Field(
        (), description="networks of the reverse proxies whose X-Forwarded-For is believed"
    )
    timezone: Zone = Field("UTC", description="where the clock stands of logs whose times have no zone")
    max_lines_per_second: float = Field(0, ge=0, description="lines sent in a second; 0: no limit")
    max_cpu_percent: float = Field(0, ge=0, description="processor time, in percent of one core; 0: no limit")
    metrics: str | None = Field(
        None, pattern=r"^[^\s/]+:\d{1,5}$", description="host:port where Prometheus reads metrics, e.g. 127.0.0.1:9117"
    )


class DetectSettings(Section):
    """What is watched."""

    index: str = Field(ACCESS_PATTERN, description="indices to read events from; filebeat-* works too")
    poll_seconds: float = Field(1.0, gt=0, description="how often new events are asked for")
    window_rows: int = Field(
        2_000_000, ge=10_000, description="requests kept in memory; beyond them clients silent longest leave early"
    )
    threshold: float = Field(
        25.0, ge=0, le=100, description="sessions that score at least this are anomalies; mails begin at 50"
    )


class SmtpSettings(Section):
    """The mail server and the people."""

    host: str = Field("localhost", description="mail server")
    port: int = Field(25, ge=1, le=65535, description="its port; 587 is usual with starttls, 465 with tls")
    starttls: bool = Field(False, description="encrypt with STARTTLS; the certificate is verified")
    tls: bool = Field(False, description="encrypt from the first byte (SMTPS); the certificate is verified")
    username: str | None = Field(None, description="login, where the server asks for one")
    password: SecretStr | None = Field(None, description="password of that login")
    ca_certs: Path | None = Field(None, description="PEM file of the certificate authority to trust")
    sender: str = Field("wwwatch@localhost", description="From: address")
    to: Addresses = Field((), description="who gets the mail; apart by commas in the environment")
    timeout_seconds: float = Field(10.0, gt=0, description="how long the server may take to answer")

    @model_validator(mode="after")
    def _one_encryption(self) -> "SmtpSettings":
        if self.tls and self.starttls:
            raise ValueError("starttls and tls exclude each other: tls is for port 465, starttls for the others")
        return self


def _check_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        ipaddress.ip_network(each, strict=False)  # its ValueError names what is wrong
    return value


Networks = Annotated[Addresses, AfterValidator(_check_networks)]


class AlertSettings(Section):
    """What is told, how much of it, and what mails lead to."""

    allow: Networks = Field(
        (),
        description="networks; an incident is not told where all its clients are in them, e.g. 192.0.2.0/24",
    )
    max_per_hour: int = Field(
        30, ge=0, description="messages to people in a clock hour; of what is beyond, a summary tells; 0: no limit"
    )
    max_per_day: int = Field(
        200, ge=0, description="messages to people in a day (UTC); of what is beyond, a summary tells; 0: no limit"
    )
    mute_days: float = Field(30.0, gt=0, le=3650, description="how long a false alarm mutes what is alike, in days")
    link_url: str | None = Field(
        None, description="where `wwwatch alert serve` is reached from outside, e.g. https://www.example.org/wwwatch"
    )
    link_key: SecretStr | None = Field(None, description="secret that signs the links in mails, 16 characters or more")
    slack: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Slack's incoming webhooks by account; a watch that names none takes the first",
    )
    ca_certs: Path | None = Field(
        None, description="PEM file of an authority to trust beside the system's, for webhooks and Slack"
    )


class CanarySettings(Section):
    """The attack that wwwatch sends to itself."""

    log: Path | None = Field(
        None, description="a log of its own that the shipper follows; without one, the canary skips the shipper"
    )
    within_seconds: float = Field(120.0, gt=0, description="how long it may take to come back")
    webhook: SecretStr | None = Field(None, description="address that is called when it does not come back")


class KibanaSettings(Section):
    """Where dashboards are installed, and where links in mails lead."""

    url: str | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="Kibana, e.g. https://kibana.example.org; links lead there"
    )
    space: str = Field("", pattern=r"^[a-z0-9_-]{0,100}$", description="Kibana's space; empty: the default one")
    prefix: str = Field(
        "wwwatch", pattern=r"^[a-z0-9][a-z0-9-]{0,40}$", description="what the ids of our objects begin with"
    )
    access_index: str | None = Field(
        None, description="index pattern of the access logs' data view, in the place of the shipped one"
    )
    api_key: SecretStr | None = Field(None, description="API key, base64 as Kibana shows it")
    username: str | None = Field(None, description="user name for basic authentication")
    password: SecretStr | None = Field(None, description="password for basic authentication")
    ca_certs: Path | None = Field(None, description="PEM file of the certificate authority to trust")
    timeout_seconds: float = Field(30.0, gt=0, description="how long one request may take")


class Settings(BaseSettings):
    """All settings; each value's default is here and nowhere else."""

    model_config = SettingsConfigDict(
        env_prefix="WWWATCH_", env_nested_delimiter="_", env_nested_max_split=1, extra="forbid", frozen=True
    )

    state: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("wwwatch"), description="folder of registries and data"
    )
    cache: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("wwwatch"), description="folder of downloads"
    )
    es: EsSettings = EsSettings()
    node: NodeSettings = NodeSettings()
    ship: ShipSettings = ShipSettings()
    detect: DetectSettings = DetectSettings()
    smtp: SmtpSettings = SmtpSettings()
    alert: AlertSettings = AlertSettings()
    canary: CanarySettings = CanarySettings()
    kibana: KibanaSettings = KibanaSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options win over the environment, the environment over the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)


def load_settings(config: Path | None = None, **options: Any) -> Settings:
    """Read the settings.

    Args:
        config: The YAML file; without one, ``wwwatch.yml`` in the current folder if it exists.
        options: Values that win over file and environment, nested, e.g. ``es={"url": ...}``.

    Raises:
        SettingsError: The file is missing or unreadable, or values are unknown or wrong: all of them at once.
    """
    path = config or Path(os.environ.get("WWWATCH_CONFIG", CONFIG_FILE))
    if not path.is_file() and (config or "WWWATCH_CONFIG" in os.environ):
        raise SettingsError(f"cannot read the configuration {path}", "no such file; check --config")

    class FromFile(Settings):
        model_config = SettingsConfigDict(yaml_file=path)

    try:
        return FromFile(**options)
    except ValidationError as error:
        raise SettingsError(
            f"the configuration is wrong: {_sentences(error)}", f"correct {path} or WWWATCH_*"
        ) from None
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:  # ValueError: a list where keys belong
        reason = " ".join(str(error).split())
        raise SettingsError(f"cannot read the configuration {path}: {reason}", "correct the file") from None


def _sentences(error: ValidationError) -> str:
    # include_input stays off: a mistyped secret must not reach the terminal.
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in problems)

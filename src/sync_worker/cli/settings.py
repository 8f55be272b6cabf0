"""The settings: environment variables, or a file each, read once at the edge and frozen.

A field's name with the prefix, in upper case, is its variable; in lower case it is its file in the
folder SYNC_WORKER_SECRETS_DIR. The environment wins over a file.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sync_worker.cli.errors import CommandError, Exit
from sync_worker.clinics.regions import Regions

PREFIX = "SYNC_WORKER_"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
_INJECTED_BY_KUBERNETES = (f"{PREFIX}SERVICE_", f"{PREFIX}PORT")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def _database_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"sqlite", "postgresql"}:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if parts.scheme == "sqlite" and (parts.path in {"", "/"} or ":memory:" in parts.path):
        raise ValueError("must name a file, as in sqlite:///sync-worker.db")
    return url


def _topic(name: str) -> str:
    if _TOPIC.fullmatch(name) is None:
        raise ValueError("must be a topic's name: letters, digits, '.', '_' and '-'")
    return name


def _codes(value: object) -> object:
    try:
        codes: Any = json.loads(value) if isinstance(value, str) else value
        Regions(codes)
    except (ValueError, TypeError):
        raise ValueError('must be a JSON list of two-character codes, as in ["11"]') from None
    return codes


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Topic = Annotated[str, AfterValidator(_topic)]
Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Codes = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_codes)]


class Settings(BaseSettings):
    """All settings of the program; one environment serves all commands."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: DatabaseUrl = Field(
        "sqlite:///sync-worker.db", description="The registry's database."
    )
    support_database_url: DatabaseUrl | None = Field(
        None, description="The same with support's credentials; else the database URL."
    )
    kafka_bootstrap_servers: str | None = Field(None, description="Brokers, host:port, by comma.")
    kafka_activation_topic: Topic = Field(
        "eservices.clinic.activation", description="Where a tombstone means a deactivation."
    )
    kafka_region_topic: Topic = Field("eservices.clinic.region", description="The other topic.")
    kafka_group_id: str = Field("complaints-sync", description="The workers' consumer group.")
    kafka_session_timeout_ms: Positive = Field(
        45_000, description="Silence after which a worker is taken for dead."
    )
    kafka_max_poll_interval_ms: Positive = Field(
        120_000, description="The longest that a worker may take over one batch."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How brokers are spoken to."
    )
    kafka_sasl_mechanism: str | None = Field(None, description="As the client's.")
    kafka_sasl_username: str | None = Field(None, description="As the client's.")
    kafka_sasl_password: SecretStr | None = Field(None, description="As the client's.")
    kafka_ssl_cafile: str | None = Field(None, description="As the client's.")
    kafka_ssl_certfile: str | None = Field(None, description="As the client's.")
    kafka_ssl_keyfile: str | None = Field(None, description="As the client's.")
    http_host: str = Field("127.0.0.1", description="Where health and metrics are served.")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9464, description="The port of health and metrics; 0: off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, else JSON."
    )
    guard_max_changes: NotNegative = Field(
        5, description="Registered clinics of a region that may change within the window."
    )
    guard_max_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        10, description="The same in percent of the region's registered clinics."
    )
    guard_window_minutes: Positive = Field(60, description="The window of the guard.")
    events_max_future_minutes: NotNegative = Field(
        60, description="How far ahead of the clock an event's time may be."
    )
    events_extra_regions: Codes = Field(
        (), description='More region codes, as a JSON list: ["11"].'
    )
    batch_max_records: Positive = Field(
        5_000, description="The most records that one transaction takes."
    )

    @property
    def support_url(self) -> str:
        """The database with support's credentials."""
        return self.support_database_url or self.database_url

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.kafka_max_poll_interval_ms < self.kafka_session_timeout_ms:
            raise ValueError(
                f"{PREFIX}KAFKA_MAX_POLL_INTERVAL_MS must not be below "
                f"{PREFIX}KAFKA_SESSION_TIMEOUT_MS"
            )
        return self


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        CommandError: a name is unknown, or values have no sense; all of them are named at once.
    """
    folder = _secrets_folder(environ)
    unknown = sorted(_unknown_names(environ, folder))
    if unknown:
        raise _unknown(unknown)
    try:
        return Settings(_secrets_dir=folder)
    except ValidationError as error:
        raise _senseless(error) from None


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def source_of(field: str, environ: Mapping[str, str]) -> str:
    """Where a setting comes from."""
    if environ.get(variable(field)):
        return "environment"
    folder = _secrets_folder(environ)
    if folder is not None and (folder / variable(field).lower()).is_file():
        return "secret file"
    return "default"


def shown(value: Any) -> Any:
    """A setting's value without what is secret in it."""
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        if parts.password is not None:
            place = parts.netloc.rpartition("@")[2]
            return parts._replace(netloc=f"{parts.username}:***@{place}").geturl()
    return list(value) if isinstance(value, tuple) else value


def _secrets_folder(environ: Mapping[str, str]) -> Path | None:
    named = environ.get(SECRETS_DIR)
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise CommandError(
            Exit.USAGE,
            f"{SECRETS_DIR} is {named}, which is no folder.",
            hint="Name a folder with one file a setting, or unset it.",
            code="configuration",
        )
    return folder


def _unknown_names(environ: Mapping[str, str], folder: Path | None) -> Iterator[str]:
    known = {variable(field) for field in Settings.model_fields} | {SECRETS_DIR}
    named = {name for name in environ if name.upper().startswith(PREFIX)}
    if folder is not None:
        files = (path.name.upper() for path in folder.iterdir())
        named |= {name for name in files if name.startswith(PREFIX)}
    for name in named - known:
        if not name.startswith(_INJECTED_BY_KUBERNETES):
            yield name


def _unknown(names: list[str]) -> CommandError:
    known = [variable(field) for field in Settings.model_fields] + [SECRETS_DIR]
    sentences = []
    for name in names:
        nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0)
        sentences.append(f"There is no setting {name}; the nearest is {nearest[0]}.")
    return CommandError(
        Exit.USAGE,
        " ".join(sentences),
        why="A misspelt setting would silently have no effect.",
        hint="sync-worker config show --help, or unset it.",
        code="configuration",
    )


def _senseless(error: ValidationError) -> CommandError:
    sentences = []
    for problem in error.errors(include_url=False, include_input=False):
        name = variable(str(problem["loc"][0])) if problem["loc"] else ""
        what = problem["msg"].removeprefix("Value error, ")
        sentences.append(f"{name} {what[0].lower() if name else what[0]}{what[1:]}.".strip())
    return CommandError(
        Exit.USAGE,
        "The settings have no sense: " + " ".join(sentences),
        hint="Correct the environment variable, or its file in SYNC_WORKER_SECRETS_DIR.",
        code="configuration",
    )

"""The settings: one frozen object, read once, at the start (contract 3).

All problems are reported together, with the setting's name and what it accepts, never its value.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

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
from pydantic_core import ErrorDetails

from sync_worker.config import validators, web_validators
from sync_worker.config.sources import SettingSource, read_settings, variable
from sync_worker.config.validators import contradictions
from sync_worker.errors import Exit, UserError
from sync_worker.language import Language
from sync_worker.remedies import Remedy

_NEVER_BLANK = ("database_url", "support_database_url")
"""Where a secret is missing, the default would create a registry in the working folder."""
_MAX_MILLISECONDS = 2**31 - 1
_MINUTES_PER_YEAR = 525_600

DatabaseUrl = Annotated[str, AfterValidator(validators.database_url)]
Servers = Annotated[str, AfterValidator(validators.servers)]
TokenUrl = Annotated[str, AfterValidator(validators.token_url)]
Topic = Annotated[str, AfterValidator(validators.topic)]
ApiVersion = Annotated[str, AfterValidator(validators.kafka_version)]
Words = Annotated[str, AfterValidator(validators.words)]
PathOrJson = Annotated[str, AfterValidator(validators.path_or_json)]
Password = Annotated[SecretStr, AfterValidator(validators.password)]
WorkerName = Annotated[str, AfterValidator(validators.worker_name)]
Mechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
    BeforeValidator(validators.mechanism),
]
Milliseconds = Annotated[int, Field(ge=1, le=_MAX_MILLISECONDS)]
BaseUrl = Annotated[str, AfterValidator(web_validators.base_url)]
Issuer = Annotated[str, AfterValidator(web_validators.issuer)]
Names = Annotated[tuple[str, ...], BeforeValidator(web_validators.names)]
Peers = Annotated[tuple[str, ...], BeforeValidator(web_validators.peers)]
HeaderName = Annotated[str, AfterValidator(web_validators.header_name)]
HeaderNames = Annotated[tuple[str, ...], BeforeValidator(web_validators.header_names)]
Codes = Annotated[tuple[str, ...], BeforeValidator(validators.region_codes)]

_URL = "a URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
_TOPIC = "a topic's name: at most 249 of A-Z a-z 0-9 . _ -"
_MILLISECONDS = f"a whole number of milliseconds from 1 to {_MAX_MILLISECONDS}"
_PATH = "a path"


def _setting(default: Any, description: str, allowed: str) -> Any:
    """A setting, with its purpose and the values that it accepts (as in "… is not a path")."""
    return Field(default=default, description=description, json_schema_extra={"allowed": allowed})


class Settings(BaseModel):
    """All settings, by their names in lower case without the prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: DatabaseUrl = _setting(
        "sqlite:///sync-worker.db", "The database that keeps the registry.", _URL
    )
    support_database_url: DatabaseUrl | None = _setting(
        None, "The same database for support; without it, the database URL.", _URL
    )
    kafka_bootstrap_servers: Servers | None = _setting(
        None, "Bootstrap servers.", "a list of HOST:PORT, comma-separated"
    )
    kafka_activation_topic: Topic = _setting(
        "eservices.clinic.activation", "The topic of activations and tombstones.", _TOPIC
    )
    kafka_region_topic: Topic = _setting(
        "eservices.clinic.region", "The topic of moves between regions.", _TOPIC
    )
    kafka_group_id: Words = _setting(
        "complaints-sync", "The workers' consumer group.", "text that is not blank"
    )
    kafka_session_timeout_ms: Milliseconds = _setting(
        6_000, "A worker that is silent for so long leaves the group.", _MILLISECONDS
    )
    kafka_max_poll_interval_ms: Milliseconds = _setting(
        120_000, "A worker that does not poll for so long leaves the group.", _MILLISECONDS
    )
    kafka_api_version: ApiVersion | None = _setting(
        None,
        "Kafka protocol version to use, for brokers that close a connection that asks for "
        "theirs; if not set, the brokers are asked.",
        "a version from 0.11 to 4.3, as in 2.7",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] | None = (
        _setting(
            None,
            "How to talk to the brokers; as the client's where not set.",
            "one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        )
    )
    kafka_sasl_mechanism: Mechanism | None = _setting(
        None,
        "How to log in to the brokers.",
        "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
    )
    kafka_sasl_username: Words | None = _setting(None, "SASL user name.", "text that is not blank")
    kafka_sasl_password: Password | None = _setting(
        None, "The password to log in to the brokers with.", "text that is not blank"
    )
    kafka_sasl_oauth_token_file: Words | None = _setting(
        None, "A file with the token of OAUTHBEARER, read again for each login.", _PATH
    )
    kafka_sasl_oauth_token_url: TokenUrl | None = _setting(
        None,
        "Where the authorisation server gives tokens for client credentials.",
        "an https:// URL; http:// on this machine alone",
    )
    kafka_sasl_oauth_client_id: Words | None = _setting(
        None, "Who asks the authorisation server.", "text that is not blank"
    )
    kafka_sasl_oauth_client_secret: Password | None = _setting(
        None, "The secret to ask the authorisation server with.", "text that is not blank"
    )
    kafka_sasl_oauth_scope: Words | None = _setting(
        None, "What the token is asked for, where the server wants it said.", "text"
    )
    kafka_ssl_cafile: Words | None = _setting(
        None, "The file of the authorities that the brokers' certificates are checked by.", _PATH
    )
    kafka_ssl_certfile: Words | None = _setting(None, "The file of our certificate.", _PATH)
    kafka_ssl_keyfile: Words | None = _setting(None, "The file of its key.", _PATH)
    kafka_ssl_key_password: Password | None = _setting(
        None, "The pass phrase of that key, where it is encrypted.", "text that is not blank"
    )
    http_host: Words = _setting(
        "127.0.0.1", "Where the HTTP port listens.", "a host's name or address"
    )
    http_port: Annotated[int, Field(ge=0, le=65_535)] = _setting(
        9464, "The HTTP port of health and metrics; 0 is off.", "a port from 0 to 65535"
    )
    worker_name: WorkerName | None = _setting(
        None,
        "What the worker is called, in status, log, Kafka and PostgreSQL; its host and process id "
        "where not set.",
        "a name: at most 100 of A-Z a-z 0-9 . _ -",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Minimum log level.", "one of debug, info, warning, error"
    )
    log_format: Literal["auto", "console", "json"] = _setting(
        "auto",
        "The log's form; auto is console on a terminal, else json.",
        "one of auto, console, json",
    )
    lang: Language | None = _setting(
        None,
        "The language in which administrators and support are told things; as the locale where "
        "not set.",
        "one of sv, en",
    )
    guard_max_changes: Annotated[int, Field(ge=0)] = _setting(
        5,
        "Maximum number of a region's registered clinics that may be deactivated or moved away "
        "without approval.",
        "a whole number from 0",
    )
    guard_max_percent: Annotated[int, Field(ge=0, le=100)] = _setting(
        10,
        "Maximum percentage of them; the greater limit applies, and 100 lifts the guard.",
        "a whole number from 0 to 100",
    )
    guard_window_minutes: Annotated[int, Field(ge=1, le=_MINUTES_PER_YEAR)] = _setting(
        60,
        "Length of the window, in minutes, in which they are counted.",
        f"a whole number of minutes from 1 to {_MINUTES_PER_YEAR}",
    )
    events_max_future_minutes: Annotated[int, Field(ge=0, le=_MINUTES_PER_YEAR)] = _setting(
        10,
        "How far ahead of the clock an event's time may be.",
        f"a whole number of minutes from 0 to {_MINUTES_PER_YEAR}",
    )
    events_extra_regions: Codes = _setting(
        (), "Region codes in use beside the 21.", 'a JSON list of codes, as in ["26", "27"]'
    )
    batch_max_records: Annotated[int, Field(ge=1, le=1_000_000)] = _setting(
        100_000,
        "The most records that one transaction takes.",
        "a whole number from 1 to 1000000",
    )
    web_host: Words = _setting(
        "127.0.0.1", "Where the administrators' page listens.", "a host's name or address"
    )
    web_port: Annotated[int, Field(ge=1, le=65_535)] = _setting(
        8177, "The port of the administrators' page.", "a port from 1 to 65535"
    )
    web_base_url: BaseUrl = _setting(
        "http://127.0.0.1:8177",
        "The address of the administrators' page in people's browsers.",
        "an https:// URL without a path; http:// on this machine alone",
    )
    web_public_body: Words | None = _setting(
        None,
        "The public body that answers for the page, as its accessibility statement says.",
        "text that is not blank",
    )
    web_metrics_port: Annotated[int, Field(ge=0, le=65_535)] = _setting(
        0,
        "The port of the page's metrics, where the HTTP port of health listens; 0 is off.",
        "a port from 0 to 65535",
    )
    web_sign_in: Literal["dev", "oidc", "header"] = _setting(
        "dev",
        "How people sign in: at an identity provider (oidc), behind a trusted proxy (header), or "
        "as anybody they choose, on this machine alone (dev).",
        "one of dev, oidc, header",
    )
    web_oidc_issuer: Issuer | None = _setting(
        None,
        "The identity provider, as its discovery document names it.",
        "an https:// URL; http:// on this machine alone",
    )
    web_oidc_client_id: Words | None = _setting(
        None, "What the identity provider knows the page by.", "text that is not blank"
    )
    web_oidc_client_secret: Password | None = _setting(
        None, "The secret the page has there; without it, PKCE alone.", "text that is not blank"
    )
    web_oidc_scope: Words = _setting(
        "openid", "What the identity provider is asked for.", "text that is not blank"
    )
    web_oidc_actor_claim: Words = _setting(
        "employeeHsaId", "The claim that names who signs in, for the log.", "a claim's name"
    )
    web_oidc_acr: Names = _setting(
        (),
        "The levels of assurance (acr) that suffice; any where not set.",
        'a JSON list, as in ["http://id.sambi.se/loa/loa3"]',
    )
    web_rights: PathOrJson | None = _setting(
        None,
        "Who may do what, by what is said of them at sign-in; nobody where not set.",
        "a path, or JSON",
    )
    web_trusted_peers: Peers = _setting(
        (),
        "Who may say in headers who signs in: the proxy's addresses.",
        'a JSON list of networks or "unix", as in ["10.0.0.4/32"]',
    )
    web_header_user: HeaderName = _setting(
        "X-Auth-User", "The header in which the proxy names who signs in.", "a header's name"
    )
    web_header_claims: HeaderNames = _setting(
        (),
        "The headers in which the proxy says more of them.",
        'a JSON list of names, as in ["X-Auth-Groups"]',
    )
    web_header_secret_name: HeaderName = _setting(
        "X-Auth-Proof", "The header in which the proxy proves who it is.", "a header's name"
    )
    web_header_secret: Password | None = _setting(
        None, "What it proves that with.", "text that is not blank"
    )

    @property
    def support_url(self) -> str:
        """The database URL that support's commands use."""
        return self.support_database_url or self.database_url

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        if problems := [*contradictions(self), *web_validators.contradictions(self)]:
            raise ValueError("\n".join(problems))
        return self


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings from an environment, and from the folder of secrets that it names.

    Raises:
        UserError: with all problems.
    """
    return sourced_settings(environ)[0]


def sourced_settings(environ: Mapping[str, str]) -> tuple[Settings, dict[str, SettingSource]]:
    """As `load_settings`, with the source of each field's value."""
    variables = {variable(field): field for field in Settings.model_fields}
    given, problems = read_settings(environ, variables, [variable(field) for field in _NEVER_BLANK])
    texts = {variables[name]: value.text for name, value in given.items()}
    try:
        settings = Settings.model_validate(texts)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
        problems += [line for detail in details for line in _problem(detail)]
    if problems:
        several = f"{len(problems)} settings are wrong:\n  " + "\n  ".join(problems)
        raise UserError(
            Exit.USAGE,
            problems[0] if len(problems) == 1 else several,
            hint=Remedy.CORRECT_SETTINGS(),
            code="configuration",
        )
    sources = dict.fromkeys(variables.values(), SettingSource.DEFAULT)
    return settings, sources | {variables[name]: value.source for name, value in given.items()}


def _problem(detail: ErrorDetails) -> Iterator[str]:
    """Sentences on one problem that the model reports."""
    cause = detail.get("ctx", {}).get("error")
    if not detail["loc"]:
        yield from str(cause).splitlines()
        return
    field = str(detail["loc"][0])
    why = f": {cause}" if cause else ""
    extra = Settings.model_fields[field].json_schema_extra
    allowed = extra["allowed"] if isinstance(extra, dict) else "valid"
    yield f"{variable(field)} is not {allowed}{why}."


def masked_value(settings: Settings, field: str) -> Any:
    """A setting's value without what is secret in it."""
    value = getattr(settings, field)
    if isinstance(value, SecretStr):
        return validators.MASK
    return validators.without_password(value) if value and field.endswith("_url") else value

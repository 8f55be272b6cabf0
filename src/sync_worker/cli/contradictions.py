"""Settings that are right each, and wrong together: refused in a sentence that names both."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync_worker.cli.environment import variable

if TYPE_CHECKING:
    from sync_worker.cli.settings import Settings

_TLS = (
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_key_password",
)
_USER = "kafka_sasl_username"
_CLIENT = (
    "kafka_sasl_oauth_token_url",
    "kafka_sasl_oauth_client_id",
    "kafka_sasl_oauth_client_secret",
)
_OAUTH = ("kafka_sasl_oauth_token_file", *_CLIENT, "kafka_sasl_oauth_scope")
_WITH_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def contradictions(settings: "Settings") -> Iterator[str]:
    """A sentence for each pair of settings that contradict each other."""
    if settings.kafka_max_poll_interval_ms < settings.kafka_session_timeout_ms:
        yield _both(
            "kafka_max_poll_interval_ms", "must not be less than", "kafka_session_timeout_ms"
        )
    has_password = settings.kafka_sasl_password is not None
    if has_password != (settings.kafka_sasl_username is not None):
        yield _both("kafka_sasl_username", "goes only together with", "kafka_sasl_password")
    yield from _of_tls(settings)
    yield from _of_sasl(settings)
    yield from _of_tokens(settings)


def _of_tls(settings: "Settings") -> Iterator[str]:
    """Whoever sets a file of TLS takes the connection for encrypted: it is never in the clear."""
    for name in ("kafka_ssl_keyfile", "kafka_ssl_key_password"):
        if getattr(settings, name) is not None and settings.kafka_ssl_certfile is None:
            yield _both(name, "is of no use without", "kafka_ssl_certfile")
    is_tls = settings.kafka_security_protocol in {"SSL", "SASL_SSL"}
    given = [name for name in _TLS if getattr(settings, name) is not None]
    if given and not is_tls:
        both = _both(given[0], "is of no use without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} of SSL or SASL_SSL: nothing would be encrypted."


def _of_tokens(settings: "Settings") -> Iterator[str]:
    """A token is in a file, or is asked for with client credentials."""
    given = [name for name in _OAUTH if getattr(settings, name) is not None]
    if settings.kafka_sasl_mechanism != "OAUTHBEARER":
        if given:
            both = _both(given[0], "is of no use without", "kafka_sasl_mechanism")
            yield f"{both.removesuffix('.')} of OAUTHBEARER."
        return
    if settings.kafka_sasl_username is not None:
        yield _both("kafka_sasl_mechanism", "of OAUTHBEARER does not go with", _USER)
    if _OAUTH[0] in given and len(given) > 1:
        yield _both(_OAUTH[0], "does not go together with", given[1])
    missing = [name for name in _CLIENT if name not in given]
    if _OAUTH[0] not in given and missing:
        file = _both("kafka_sasl_mechanism", "of OAUTHBEARER needs", _OAUTH[0])
        needed = " and ".join(variable(name) for name in missing)
        yield f"{file.removesuffix('.')}, or {needed}."


def _of_sasl(settings: "Settings") -> Iterator[str]:
    mechanism = settings.kafka_sasl_mechanism
    has_user = settings.kafka_sasl_username is not None
    has_nobody = not has_user and settings.kafka_sasl_password is None
    is_sasl = (settings.kafka_security_protocol or "").startswith("SASL_")
    if mechanism is not None and not is_sasl:
        both = _both("kafka_sasl_mechanism", "is of no use without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} of SASL_PLAINTEXT or SASL_SSL."
    if mechanism is None and is_sasl:
        yield _both("kafka_security_protocol", "of SASL needs", "kafka_sasl_mechanism")
    if mechanism is None and has_user and not is_sasl:
        both = _both("kafka_sasl_password", "are of no use without", "kafka_sasl_mechanism")
        yield f"{variable('kafka_sasl_username')} and {both}"
    if mechanism in _WITH_PASSWORD and has_nobody:
        both = _both("kafka_sasl_mechanism", f"of {mechanism} needs", "kafka_sasl_username")
        yield f"{both.removesuffix('.')} and {variable('kafka_sasl_password')}."


def _both(one: str, relation: str, other: str) -> str:
    return f"{variable(one)} {relation} {variable(other)}."

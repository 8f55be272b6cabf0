"""Settings that are right each, and wrong together: refused in a sentence that names both."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync_worker.cli.environment import variable

if TYPE_CHECKING:
    from sync_worker.cli.settings import Settings

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
    if settings.kafka_ssl_keyfile is not None and settings.kafka_ssl_certfile is None:
        yield _both("kafka_ssl_keyfile", "is of no use without", "kafka_ssl_certfile")
    yield from _of_sasl(settings)


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

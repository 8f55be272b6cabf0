"""Settings that are right each, and wrong together: refused in a sentence that names both."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sync_worker.cli.environment import variable

if TYPE_CHECKING:
    from sync_worker.cli.settings import Settings


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
    protocol = settings.kafka_security_protocol or ""
    if settings.kafka_sasl_mechanism is not None and not protocol.startswith("SASL_"):
        both = _both("kafka_sasl_mechanism", "is of no use without", "kafka_security_protocol")
        yield f"{both.removesuffix('.')} of SASL_PLAINTEXT or SASL_SSL."


def _both(one: str, relation: str, other: str) -> str:
    return f"{variable(one)} {relation} {variable(other)}."

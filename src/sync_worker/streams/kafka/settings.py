"""The settings of the Kafka clients, and why they are not the client's defaults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kafka.coordinator.assignors.range import RangePartitionAssignor

from sync_worker.streams.kafka.client import BOOTSTRAP_TIMEOUT_SECONDS, Client
from sync_worker.streams.kafka.login import (
    ConnectionErrors,
    LoginContext,
    TokenProvider,
    addresses,
)
from sync_worker.streams.kafka.oauth_tokens import Tokens
from sync_worker.streams.protocol import MAX_FETCHED_RECORDS

ADMIN_REQUEST_TIMEOUT_SECONDS = 5.0
"""For one request of the admin client."""
MAX_POLL_RECORDS = 2000
"""The most records that one poll of the client returns."""

_KIBIBYTE = 1024
_MAX_PATIENCE_MS = 45_000
_HEARTBEATS_IN_A_SESSION = 4
_MAX_HEARTBEAT_INTERVAL_MS = 3000


@dataclass(frozen=True, slots=True)
class Security:
    """How the clients authenticate, and encrypt; None leaves it to the client's default."""

    protocol: str | None = None
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    current_password: Callable[[], str] | None = field(default=None, repr=False)
    """Called before each login; without it, the password stays the same."""
    tokens: Tokens | None = field(default=None, repr=False)
    """Called for each login by OAUTHBEARER."""
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_key_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """A cluster, the topics in it, and the group that reads them."""

    bootstrap_servers: str
    topics: tuple[str, ...]
    group_id: str
    session_timeout_ms: int = 6_000
    max_poll_interval_ms: int = 120_000
    max_fetched_records: int = MAX_FETCHED_RECORDS
    metadata_max_age_ms: int = 30_000
    """After at most this time, partitions that were added are read."""
    topic_check_interval_seconds: float = 5.0
    """How often the topics are checked for being the ones that the positions are of."""
    group_instance_id: str | None = None
    client_id: str = "sync-worker"
    """What the brokers call us, in their logs and for standard tools."""
    api_version: tuple[int, ...] | None = None
    """The version of Kafka that the brokers are taken for; None asks them, which few refuse."""
    security: Security = field(default_factory=Security)
    connection_errors: ConnectionErrors = field(default_factory=ConnectionErrors, compare=False)
    """Shared by all clients."""

    @property
    def rebalance_patience_seconds(self) -> float:
        """How long a rebalance may take before this member is taken to hang in it.

        A rebalance waits for the slowest member to poll again. Three quarters of a minute is more
        than a transaction takes that is not stuck, whatever the session timeout.
        """
        slowest_ms = min(self.max_poll_interval_ms, _MAX_PATIENCE_MS)
        return max(self.session_timeout_ms, slowest_ms) / 1000

    @property
    def servers(self) -> list[str]:
        """The bootstrap addresses, HOST:PORT each."""
        return [part.strip() for part in self.bootstrap_servers.split(",")]


def connection_options(settings: KafkaSettings) -> dict[str, Any]:
    """For every client of the cluster."""
    security = settings.security
    options = {
        "security_protocol": security.protocol,
        "sasl_mechanism": security.sasl_mechanism,
        "sasl_plain_username": security.sasl_username,
        "sasl_plain_password": security.sasl_password,
        "ssl_cafile": security.ssl_cafile,
        "ssl_certfile": security.ssl_certfile,
        "ssl_keyfile": security.ssl_keyfile,
        "sasl_oauth_token_provider": security.tokens and TokenProvider(security.tokens),
    }
    login = LoginContext(
        settings.connection_errors,
        addresses(settings.servers),
        security.current_password,
        security.tokens,
    )
    return {
        "bootstrap_servers": settings.servers,
        "kafka_client": partial(Client, login=login),
        # Also where there is none: OpenSSL would ask for it on the terminal.
        "ssl_password": security.ssl_key_password or "",
        "bootstrap_timeout_ms": int(BOOTSTRAP_TIMEOUT_SECONDS * 1000),
        # A broker that comes back is found within a second, not within 30.
        "reconnect_backoff_max_ms": 1000,
        "client_id": settings.client_id,
        "api_version": settings.api_version,
        **{name: value for name, value in options.items() if value is not None},
    }


def admin_options(settings: KafkaSettings) -> dict[str, Any]:
    """For the admin client: a short timeout, since the loop waits for it."""
    return {
        **connection_options(settings),
        "request_timeout_ms": int(ADMIN_REQUEST_TIMEOUT_SECONDS * 1000),
    }


def consumer_options(settings: KafkaSettings) -> dict[str, Any]:
    """For a member of the consumer group.

    Without deserializers: an error in one makes the client spin for ever (trap 7).
    """
    return {
        **connection_options(settings),
        "group_id": settings.group_id,
        "group_instance_id": settings.group_instance_id,
        # The registry's positions are the truth; offsets are committed after the database.
        "enable_auto_commit": False,
        # Anything else loses records silently (trap 3).
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        "isolation_level": "read_committed",
        # By range, equal partition numbers of both topics are assigned to one member: all events of
        # a clinic. One instance for each consumer: a shared one flip-flops.
        "partition_assignment_strategy": [RangePartitionAssignor()],
        "max_poll_records": MAX_POLL_RECORDS,
        "fetch_max_bytes": 1024 * _KIBIBYTE,
        "max_partition_fetch_bytes": 512 * _KIBIBYTE,
        # A batch arrives whole, however large its topic allows it: a broker accepts 100 MiB.
        "receive_message_max_bytes": 128 * _KIBIBYTE**2,
        "fetch_max_wait_ms": 500,
        "metadata_max_age_ms": settings.metadata_max_age_ms,
        "session_timeout_ms": settings.session_timeout_ms,
        # With a heartbeat a member hears of a rebalance, too.
        "heartbeat_interval_ms": min(
            _MAX_HEARTBEAT_INTERVAL_MS, settings.session_timeout_ms // _HEARTBEATS_IN_A_SESSION
        ),
        "max_poll_interval_ms": settings.max_poll_interval_ms,
        "request_timeout_ms": 20_000,
        "metrics_enabled": False,
    }


def standalone_options(settings: KafkaSettings) -> dict[str, Any]:
    """For a consumer without a group, which commits nothing and causes no rebalance.

    It reads much and is soon done: larger fetches make it a few per cent faster.
    """
    return {
        **consumer_options(settings),
        "group_id": None,
        "group_instance_id": None,
        "fetch_max_bytes": 4096 * _KIBIBYTE,
        "max_partition_fetch_bytes": 1024 * _KIBIBYTE,
    }


def peeking_options(settings: KafkaSettings) -> dict[str, Any]:
    """For a consumer without a group that wants a record of each partition, and no more."""
    return {**standalone_options(settings), "max_partition_fetch_bytes": 16 * _KIBIBYTE}

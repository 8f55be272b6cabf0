"""Kafka and archives, as the settings say how they are reached and read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from sync_worker import bootstrap
from sync_worker.config import secrets, validators
from sync_worker.config.settings import Settings
from sync_worker.config.sources import variable
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Partition
from sync_worker.files import secret_files, tls_files
from sync_worker.inspection.log_state import LogState, read_log_state
from sync_worker.login_backoff import LoginBackoff, OnRefusal
from sync_worker.operations.publish import Publication
from sync_worker.registry.positions import Position
from sync_worker.remedies import Remedy
from sync_worker.streams.archive.reader import ArchiveRangeReader, ArchiveSource
from sync_worker.streams.checks import Bounds
from sync_worker.streams.kafka import first_records
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.login import ConnectionErrors
from sync_worker.streams.kafka.oauth_tokens import ClientCredentials, TokenFile
from sync_worker.streams.kafka.publisher import Publisher
from sync_worker.streams.kafka.range_reader import KafkaRangeReader
from sync_worker.streams.kafka.rights import Operation
from sync_worker.streams.kafka.settings import KafkaSettings, Security
from sync_worker.streams.protocol import MAX_FETCHED_RECORDS
from sync_worker.streams.ranges import Range, RangeReader


def archive_source(settings: Settings, path: Path) -> ArchiveSource:
    """An archive as a source of records."""
    return ArchiveSource(path, max_fetched_records(settings))


def max_fetched_records(settings: Settings) -> int:
    """How many records a source hands out at once, at the most."""
    return min(settings.batch_max_records, MAX_FETCHED_RECORDS)


def range_opener(
    settings: Settings, path: Path | None, *, has_archive_option: bool = False
) -> Callable[[Range], RangeReader]:
    """Opens ranges of an archive, or of Kafka's topics without one; outside of the workers' group.

    For Kafka it can be handed to another process.

    Raises:
        UserError: no bootstrap servers are set, or a file that is named cannot be read.
    """
    max_records = max_fetched_records(settings)
    if path is not None:
        return partial(ArchiveRangeReader, path, max_records=max_records)
    kafka = kafka_settings(settings, has_archive_option=has_archive_option)
    return partial(KafkaRangeReader, kafka, max_records=max_records)


def range_reader(
    settings: Settings, path: Path | None, wanted: Range, *, has_archive_option: bool = False
) -> RangeReader:
    """One range: see `range_opener`."""
    return range_opener(settings, path, has_archive_option=has_archive_option)(wanted)


def export_reader(settings: Settings, wanted: Range) -> KafkaRangeReader:
    """A range of Kafka's topics in an order that is the same each time."""
    return KafkaRangeReader(
        kafka_settings(settings), wanted, max_fetched_records(settings), by_partition=True
    )


def kafka_settings(
    settings: Settings,
    on_refusal: OnRefusal = lambda *_: None,
    *,
    has_archive_option: bool = False,
    client_id: str = bootstrap.PROGRAM,
) -> KafkaSettings:
    """How Kafka is reached and read; `on_refusal` hears of logins that are refused.

    `has_archive_option`: the command can do without Kafka, which a refusal then says.
    `client_id` is what the brokers call us.

    Raises:
        UserError: no bootstrap servers are set, or a file of TLS cannot be used.
    """
    if settings.kafka_bootstrap_servers is None:
        raise _no_kafka(has_archive_option=has_archive_option)
    return KafkaSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        topics=topics(settings),
        group_id=settings.kafka_group_id,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        max_poll_interval_ms=settings.kafka_max_poll_interval_ms,
        max_fetched_records=max_fetched_records(settings),
        api_version=validators.api_version(settings.kafka_api_version),
        client_id=client_id,
        security=security(settings),
        connection_errors=ConnectionErrors(LoginBackoff(secrets.fingerprint, on_refusal)),
    )


def _no_kafka(*, has_archive_option: bool) -> UserError:
    remedy = (
        Remedy.CONFIGURE_KAFKA_OR_GIVE_ARCHIVE if has_archive_option else Remedy.CONFIGURE_KAFKA
    )
    return UserError(
        Exit.USAGE,
        "Kafka is not configured.",
        why=f"{variable('kafka_bootstrap_servers')} is not set.",
        hint=remedy(),
        code="configuration",
    )


def topics(settings: Settings) -> tuple[str, ...]:
    """The topics, each once: both kinds of events may be in one."""
    names = (settings.kafka_activation_topic, settings.kafka_region_topic)
    return tuple(dict.fromkeys(names))


@contextmanager
def kafka_admin(settings: Settings, needs: Operation = Operation.DESCRIBE) -> Iterator[KafkaAdmin]:
    """The cluster, to be asked about topics on which the user `needs` a right.

    Raises:
        StreamUnavailable: no broker answers.
    """
    admin = KafkaAdmin(kafka_settings(settings), needs)
    try:
        yield admin
    finally:
        admin.close()


def log_reader(settings: Settings) -> Callable[[Sequence[Position]], LogState] | None:
    """Reads Kafka's log as it is now, beside positions; None where Kafka is not configured."""
    if settings.kafka_bootstrap_servers is None:
        return None

    def read(stored: Sequence[Position]) -> LogState:
        with kafka_admin(settings) as admin:
            return log_beside(settings, admin, stored)

    return read


def log_beside(settings: Settings, admin: KafkaAdmin, stored: Sequence[Position]) -> LogState:
    """The same, of a cluster that is connected to."""
    return read_log_state(admin, stored, topics(settings), partial(first_timestamps, settings))


def first_timestamps(
    settings: Settings, bounds: Mapping[Partition, Bounds]
) -> dict[Partition, datetime | None]:
    """When the first record in each of these parts of Kafka's logs was written: see there."""
    return first_records.first_timestamps(kafka_settings(settings), bounds) if bounds else {}


def publication(settings: Settings, archive: Path, wanted: Range) -> Publication:
    """A range of an archive, to be published.

    Raises:
        UserError: no bootstrap servers are set, or a file of TLS cannot be used.
    """
    kafka = kafka_settings(settings)
    return Publication(
        kafka.bootstrap_servers,
        lambda: range_reader(settings, archive, wanted),
        lambda: kafka_admin(settings, Operation.WRITE),
        lambda: Publisher(kafka),
    )


# How the clients of Kafka show who they are, built from the settings.


_SSL_FILES = ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile")


def security(settings: Settings) -> Security:
    """What is shown to the brokers; secrets are read again before each login.

    Raises:
        UserError: a file that is named cannot be used: the client would try for ever, and say
            that no broker answers.
    """
    problems = _unreadable(settings) or _unusable(settings)
    if problems:
        raise UserError(
            Exit.USAGE,
            " ".join(problems),
            why="Without it there is no connection to Kafka.",
            hint="Correct the setting that is named, or let the user that this runs as read its "
            "file.",
            code="configuration",
        )
    password = settings.kafka_sasl_password
    key_password = settings.kafka_ssl_key_password
    stated = None if password is None else password.get_secret_value()
    return Security(
        protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=stated,
        current_password=None
        if stated is None
        else secrets.CurrentSecret("kafka_sasl_password", stated),
        tokens=_tokens(settings),
        ssl_cafile=settings.kafka_ssl_cafile,
        ssl_certfile=settings.kafka_ssl_certfile,
        ssl_keyfile=settings.kafka_ssl_keyfile,
        ssl_key_password=None if key_password is None else key_password.get_secret_value(),
    )


def _tokens(settings: Settings) -> TokenFile | ClientCredentials | None:
    if settings.kafka_sasl_oauth_token_file is not None:
        return TokenFile(Path(settings.kafka_sasl_oauth_token_file))
    url, client_id = settings.kafka_sasl_oauth_token_url, settings.kafka_sasl_oauth_client_id
    secret = settings.kafka_sasl_oauth_client_secret
    if url is None or client_id is None or secret is None:
        return None
    renewed = secrets.CurrentSecret("kafka_sasl_oauth_client_secret", secret.get_secret_value())
    return ClientCredentials(url, client_id, renewed, settings.kafka_sasl_oauth_scope)


def _unreadable(settings: Settings) -> list[str]:
    problems = []
    for name in _SSL_FILES:
        file = getattr(settings, name)
        if file is None:
            continue
        try:
            with secret_files.open_regular(Path(file)) as opened:
                opened.read(1)
        except OSError as error:
            why = error.strerror or type(error).__name__
            problems.append(f"{variable(name)} names {file}, which cannot be read: {why}.")
    return problems


def _unusable(settings: Settings) -> list[str]:
    """What OpenSSL says of the files, before it says so at each connection."""
    problems = []
    cafile, certfile = settings.kafka_ssl_cafile, settings.kafka_ssl_certfile
    if cafile is not None and (why := tls_files.certificate_problem(cafile)) is not None:
        problems.append(_not_usable("kafka_ssl_cafile", cafile, why))
    if certfile is not None:
        problems += _unusable_pair(settings, certfile)
    return problems


def _unusable_pair(settings: Settings, certfile: str) -> list[str]:
    name = "kafka_ssl_certfile" if settings.kafka_ssl_keyfile is None else "kafka_ssl_keyfile"
    key, stated = settings.kafka_ssl_keyfile or certfile, settings.kafka_ssl_key_password
    setting = variable("kafka_ssl_key_password")
    is_encrypted = tls_files.is_encrypted(Path(key))
    if is_encrypted and stated is None:
        return [f"{variable(name)} names {key}, which is encrypted, and {setting} is not set."]
    password = "" if stated is None else stated.get_secret_value()
    problem = tls_files.pair_problem(certfile, settings.kafka_ssl_keyfile, password)
    if problem is None:
        return []
    if not problem.is_of_key:
        return [_not_usable("kafka_ssl_certfile", certfile, problem.why)]
    if is_encrypted:
        return [f"{variable(name)} names {key}, which {setting} does not open."]
    if settings.kafka_ssl_keyfile is None:
        return [_not_usable(name, key, f"{problem.why}; {variable('kafka_ssl_keyfile')} names one")]
    return [_not_usable(name, key, problem.why)]


def _not_usable(name: str, file: str, why: str) -> str:
    return f"{variable(name)} names {file}, which cannot be used: {why}."

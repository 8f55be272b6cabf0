"""Builds the program's parts from the settings; the only place that does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync_worker.cli import secrecy, values
from sync_worker.cli.kafka_security import security
from sync_worker.cli.settings import Settings
from sync_worker.clinics.guard import Limits
from sync_worker.clinics.regions import Regions
from sync_worker.errors import Exit, UserError
from sync_worker.events.codec import Codec
from sync_worker.logins.refusals import Refusals, Tell
from sync_worker.registry import schema
from sync_worker.registry.dialect import WORKER, open_engine
from sync_worker.registry.dialect.logins import Login
from sync_worker.registry.unit import Registry
from sync_worker.stream.admin import KafkaAdmin
from sync_worker.stream.archive import ArchiveSource
from sync_worker.stream.archive_range import ArchiveRange
from sync_worker.stream.attempts import Attempts
from sync_worker.stream.kafka_range import KafkaRange
from sync_worker.stream.kafka_settings import KafkaSettings
from sync_worker.stream.ranges import Range, RangeReader
from sync_worker.stream.source import READ_AT_ONCE
from sync_worker.sync.again import Parts
from sync_worker.sync.apply import Applier
from sync_worker.sync.fold_in_two import Judge
from sync_worker.sync.patience import Patience
from sync_worker.sync.progress import Progress
from sync_worker.sync.retry import RetryPolicy
from sync_worker.sync.worker import Worker


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def regions(settings: Settings) -> Regions:
    """The region codes in use."""
    return Regions(settings.events_extra_regions)


def codec(settings: Settings) -> Codec:
    """What judges records."""
    return judge(settings).codec()


def judge(settings: Settings) -> Judge:
    """What a codec is made of, to be handed to another process."""
    max_future = timedelta(minutes=settings.events_max_future_minutes)
    return Judge(settings.kafka_activation_topic, regions(settings), max_future)


def limits(settings: Settings) -> Limits:
    """How many clinics of a region may leave it without a person."""
    window = timedelta(minutes=settings.guard_window_minutes)
    return Limits(settings.guard_max_changes, settings.guard_max_percent, window)


@contextmanager
def registry(url: str) -> Iterator[Registry]:
    """The registry at `url`, at the revision that this program works on.

    Raises:
        MissingDatabase: there is no such SQLite file.
        WrongRevision: its schema is another one.
    """
    opened = Registry(open_engine(url))
    try:
        with opened.snapshot() as connection:
            schema.require_head(connection)
        yield opened
    finally:
        opened.close()


@contextmanager
def worker_registry(settings: Settings, tell: Tell = lambda *_: None) -> Iterator[Registry]:
    """The worker's registry, whether it can be reached now or not: the worker waits for it.

    Its URL is read again before each login; `tell` hears of those that are refused.

    Raises:
        MissingDatabase: there is no such SQLite file.
    """
    limits = WORKER.within(settings.kafka_max_poll_interval_ms / 1000)
    url = secrecy.Renewed("database_url", settings.database_url, values.database_url)
    login = Login(url, Refusals(secrecy.fingerprint, tell))
    opened = Registry(open_engine(settings.database_url, limits=limits, login=login))
    try:
        yield opened
    finally:
        opened.close()


def worker(settings: Settings, opened: Registry, progress: Progress, policy: RetryPolicy) -> Worker:
    """A worker; the policy says how long it waits for what is away."""
    applier = Applier(opened, codec(settings), now, limits(settings))
    return Worker(opened, applier, progress, policy, settings.batch_max_records)


def parts(settings: Settings, opened: Registry, patience: Patience) -> Parts:
    """What does things again, beside the worker."""
    return Parts(opened, codec(settings), limits(settings), now, patience)


def archive(settings: Settings, path: Path) -> ArchiveSource:
    """An archive as a source of records."""
    return ArchiveSource(path, read_at_once(settings))


def read_at_once(settings: Settings) -> int:
    """How many records a source hands out at once, at the most."""
    return min(settings.batch_max_records, READ_AT_ONCE)


def range_reader(
    settings: Settings, path: Path | None, wanted: Range, *, has_archive_option: bool = False
) -> RangeReader:
    """A range of an archive, or of Kafka's topics without one; outside of the workers' group.

    Raises:
        UserError: no bootstrap servers are set, or a file that is named cannot be read.
    """
    if path is not None:
        return ArchiveRange(path, wanted, read_at_once(settings))
    found = kafka(settings, has_archive_option=has_archive_option)
    return KafkaRange(found, wanted, read_at_once(settings))


def export_reader(settings: Settings, wanted: Range) -> KafkaRange:
    """A range of Kafka's topics in an order that is the same each time."""
    return KafkaRange(kafka(settings), wanted, read_at_once(settings), one_by_one=True)


def kafka(
    settings: Settings, tell: Tell = lambda *_: None, *, has_archive_option: bool = False
) -> KafkaSettings:
    """How Kafka is reached and read; `tell` hears of logins that are refused.

    `has_archive_option`: the command can do without Kafka, which a refusal then says.

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
        read_at_once=read_at_once(settings),
        api_version=values.api_version(settings.kafka_api_version),
        security=security(settings),
        attempts=Attempts(Refusals(secrecy.fingerprint, tell)),
    )


def _no_kafka(*, has_archive_option: bool) -> UserError:
    instead = ", or give an archive: --archive PATH" if has_archive_option else "."
    return UserError(
        Exit.USAGE,
        "It is not said where Kafka is.",
        why="SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS is not set.",
        hint=f"Set it to host:port{instead}",
        code="configuration",
    )


def topics(settings: Settings) -> tuple[str, ...]:
    """The topics, each once: both kinds of events may be in one."""
    names = (settings.kafka_activation_topic, settings.kafka_region_topic)
    return tuple(dict.fromkeys(names))


@contextmanager
def kafka_admin(settings: Settings) -> Iterator[KafkaAdmin]:
    """The cluster, to be asked about topics.

    Raises:
        StreamAway: no broker answers.
    """
    admin = KafkaAdmin(kafka(settings))
    try:
        yield admin
    finally:
        admin.close()

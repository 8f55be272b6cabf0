"""What `doctor` looks at, built from the settings; nothing is opened before a check needs it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from sync_worker import bootstrap
from sync_worker.bootstrap.page_check import page_check
from sync_worker.bootstrap.registry import regions
from sync_worker.bootstrap.streams import kafka_settings, log_beside, topics
from sync_worker.config.settings import Settings
from sync_worker.config.sources import variable
from sync_worker.errors import UserError
from sync_worker.inspection.checks_kafka import KafkaChecks
from sync_worker.inspection.checks_locks import LockChecks
from sync_worker.inspection.checks_machine import MachineChecks
from sync_worker.inspection.checks_registry import RegistryChecks
from sync_worker.inspection.checks_settings import encryption_check
from sync_worker.inspection.checks_workers import WorkerChecks
from sync_worker.inspection.doctor import Check
from sync_worker.inspection.log_state import LogState
from sync_worker.inspection.rights import where_permitted
from sync_worker.registry import dialect
from sync_worker.registry.database import Registry
from sync_worker.registry.positions import Position
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.protocol import StreamError, StreamUnavailable

_ORDER = (
    "encryption",
    "database",
    "encoding",
    "revision",
    "roles",
    "locks",
    "clock",
    "disk",
    "kafka",
    "certificates",
    "topics",
    "partitions",
    "topic_configuration",
    "topic_ids",
    "positions",
    "group",
    "workers",
    "newest_event",
    "unknown_types",
    "registrations",
    "reconciled",
    "dead_letters",
    "holds",
    "own_system",
    "boards",
    "web",
)
_CERTIFICATES = ("kafka_ssl_cafile", "kafka_ssl_certfile")

Opened = TypeVar("Opened", Registry, KafkaAdmin)


@contextmanager
def checks(settings: Settings) -> Iterator[list[Check]]:
    """All checks but the one of the settings, which the others need."""
    opened: list[Registry | KafkaAdmin] = []
    registry = _once(lambda: _registry(settings), opened)
    admin = _once(lambda: _admin(settings), opened)
    files = {variable(name): getattr(settings, name) for name in _CERTIFICATES}
    certificates = {name: Path(file) for name, file in files.items() if file is not None}
    database_file = dialect.file_of(settings.database_url)
    is_configured = settings.kafka_bootstrap_servers is not None

    def read_log(stored: Sequence[Position]) -> LogState:
        return log_beside(settings, admin(), stored)

    every_check = [
        encryption_check(settings),
        *RegistryChecks(registry, regions(settings), bootstrap.now).all(),
        *LockChecks(registry, bootstrap.now).all(),
        *KafkaChecks(
            lambda: admin() if is_configured else None,
            registry,
            topics(settings),
            settings.kafka_group_id,
        ).all(),
        *WorkerChecks(registry, read_log if is_configured else None, bootstrap.now).all(),
        *MachineChecks(registry, database_file, certificates, bootstrap.now).all(),
        page_check(settings),
    ]
    try:
        yield [
            replace(
                check,
                look=where_permitted(check.look, registry),
                needs=("settings", *check.needs),
            )
            for check in sorted(every_check, key=lambda check: _ORDER.index(check.id))
        ]
    finally:
        for resource in opened:
            resource.close()


def _registry(settings: Settings) -> Registry:
    application = f"{bootstrap.PROGRAM} doctor"
    url, limits = settings.database_url, dialect.WORKER
    return Registry(dialect.open_engine(url, limits=limits, application=application))


def _admin(settings: Settings) -> KafkaAdmin:
    try:
        return KafkaAdmin(kafka_settings(settings))
    except StreamUnavailable:
        raise
    except UserError as error:
        raise StreamError(str(error), str(error.why), error.hint) from error


def _once(
    open_it: Callable[[], Opened], opened: list[Registry | KafkaAdmin]
) -> Callable[[], Opened]:
    """Opens at the first call, which one check makes before the others may."""

    @cache
    def the_same() -> Opened:
        opened.append(resource := open_it())
        return resource

    return the_same

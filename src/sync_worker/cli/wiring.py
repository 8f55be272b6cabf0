"""Builds the program's parts from the settings; the only place that does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync_worker.cli.settings import Settings
from sync_worker.clinics.regions import Regions
from sync_worker.events.codec import Codec
from sync_worker.registry import schema
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.unit import Registry
from sync_worker.stream.archive import ArchiveSource
from sync_worker.sync.apply import Applier
from sync_worker.sync.progress import Progress
from sync_worker.sync.retry import UNTIL_IDLE
from sync_worker.sync.worker import Worker


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def regions(settings: Settings) -> Regions:
    """The region codes in use."""
    return Regions(settings.events_extra_regions)


def codec(settings: Settings) -> Codec:
    """What judges records."""
    max_future = timedelta(minutes=settings.events_max_future_minutes)
    return Codec(settings.kafka_activation_topic, regions(settings), max_future)


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


def worker(settings: Settings, opened: Registry, progress: Progress) -> Worker:
    """A worker for a run that somebody waits for."""
    applier = Applier(opened, codec(settings), now)
    return Worker(opened, applier, progress, UNTIL_IDLE)


def archive(settings: Settings, path: Path) -> ArchiveSource:
    """An archive as a source of records."""
    return ArchiveSource(path, settings.batch_max_records)

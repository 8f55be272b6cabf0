"""The registry, opened for a command or for the worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sync_worker import bootstrap
from sync_worker.config import postgresql_url, secrets, validators
from sync_worker.config.settings import Settings
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.domain.regions import Regions
from sync_worker.login_backoff import LoginBackoff, OnRefusal
from sync_worker.registry import dialect, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import WORKER, open_engine
from sync_worker.registry.dialect.engine import Login


@contextmanager
def open_registry(url: str, application: str = bootstrap.PROGRAM) -> Iterator[Registry]:
    """The registry at `url`, at the revision that this program works on.

    `application` is what PostgreSQL calls us.

    Raises:
        MissingDatabase: there is no such SQLite file.
        WrongRevision: its schema is another one.
    """
    opened = Registry(open_engine(url, application=application))
    try:
        with opened.snapshot() as connection:
            schema.require_compatible(connection)
        yield opened
    finally:
        opened.close()


def worker_login(settings: Settings, tell: OnRefusal = lambda *_: None) -> Login:
    """What a worker logs in with: its URL is read again before each login.

    `tell` hears of logins that are refused.
    """
    url = secrets.CurrentSecret("database_url", settings.database_url, validators.database_url)
    return Login(url, LoginBackoff(secrets.fingerprint, tell))


@contextmanager
def worker_registry(
    settings: Settings,
    application: str,
    login: Login | None = None,
    limits: dialect.TimeLimits = WORKER,
) -> Iterator[Registry]:
    """The worker's registry, whether it can be reached now or not: the worker waits for it.

    `application` is what PostgreSQL calls us.

    Raises:
        MissingDatabase: there is no such SQLite file.
    """
    engine = open_engine(
        settings.database_url,
        limits=limits.within(settings.kafka_max_poll_interval_ms / 1000),
        login=login or worker_login(settings),
        application=application,
    )
    opened = Registry(engine)
    try:
        yield opened
    finally:
        opened.close()


def database_files(settings: Settings) -> list[Path]:
    """The files of the SQLite databases that the settings name, whether they exist or not."""
    urls = (settings.database_url, settings.support_url)
    return [file for url in urls for file in dialect.files_of(url)]


def describe_database(url: str) -> dict[str, str | None]:
    """What kind of database it is, and where; without users and passwords."""
    if not postgresql_url.is_postgresql(url):
        files = dialect.files_of(url)
        return {"kind": "sqlite", "file": str(files[0]) if files else None}
    parameters = postgresql_url.with_client_defaults(postgresql_url.parse_url(url))
    return {
        "kind": "postgresql",
        **{name: parameters.get(name) for name in ("host", "port", "dbname")},
    }


def regions(settings: Settings) -> Regions:
    """The region codes in use."""
    return Regions(settings.events_extra_regions)


def limits(settings: Settings) -> Limits:
    """How many clinics of a region may leave it without a person."""
    window = timedelta(minutes=settings.guard_window_minutes)
    return Limits(settings.guard_max_changes, settings.guard_max_percent, window)

"""Opens a database by its address, and says what its files are."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DisconnectionError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from sync_worker.config import postgresql_url
from sync_worker.errors import Exit, UserError
from sync_worker.files import atomic, descriptors
from sync_worker.login_backoff import LoginBackoff
from sync_worker.registry import errors
from sync_worker.registry.dialect import session
from sync_worker.remedies import Remedy


class Login(NamedTuple):
    """What a process that runs for long logs in with."""

    url: Callable[[], str]
    """The URL as it is now: its password may be another one than it was."""
    refusals: LoginBackoff


BUSY_TIMEOUT_MS = 5_000
"""How long SQLite waits for another process's transaction before it says "locked"."""

_SQLITE_FILES = ("", "-wal", "-shm", "-journal")
"""The files of a database in use, by the ends of their names."""


class MissingDatabase(UserError):
    """There is no SQLite file at the path, or not any more; only an upgrade creates one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Exit.USAGE,
            f"There is no database file {path}.",
            why="Only an upgrade of the schema creates it.",
            hint=Remedy.CREATE_DATABASE_FILE(),
            code="configuration",
        )


class NoPlaceForDatabase(UserError):
    """The path of the SQLite file is taken by something else, or its folder does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Exit.USAGE,
            f"There can be no database file {path}.",
            why="It is not a regular file but a folder, a link or a device, or its folder does not "
            "exist.",
            hint=Remedy.CORRECT_DATABASE_PATH(),
            code="configuration",
        )


def open_engine(
    url: str,
    *,
    create: bool = False,
    limits: session.TimeLimits = session.COMMAND,
    login: Login | None = None,
    application: str = "sync-worker",
) -> Engine:
    """An engine for the registry at `url`; nothing is connected yet.

    A SQLite file that does not exist is made only with `create`. PostgreSQL ends what takes longer
    than `limits`; SQLite says "locked" after the limit of a lock, or 5 s. With `login`, a server is
    logged in to with what that says at the time. `application` is what PostgreSQL calls us, unless
    the URL says otherwise.

    Raises:
        MissingDatabase: the SQLite file does not exist.
        NoPlaceForDatabase: nor can it.
        UnusableConnection: a file that PostgreSQL's URL needs cannot be read.
    """
    if not postgresql_url.is_postgresql(url):
        return _open_sqlite(make_url(url), limits, create=create)
    # Its driver takes longer to import than a SQLite registry to read.
    from sync_worker.registry.dialect.postgresql import open_postgresql  # noqa: PLC0415

    return open_postgresql(url, limits, login, application)


def _open_sqlite(url: URL, limits: session.TimeLimits, *, create: bool) -> Engine:
    path = Path(url.database or "")
    if not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise NoPlaceForDatabase(path)
    if create:
        _make_file(path)
    elif not path.exists():
        raise MissingDatabase(path)
    patience = min(BUSY_TIMEOUT_MS / 1000, limits.lock)
    engine = create_engine(url, connect_args={"timeout": patience}, pool_timeout=limits.lock)
    event.listen(engine, "handle_error", _disk_teller(path))
    event.listen(engine, "handle_error", note_descriptors)
    event.listen(engine, "connect", _preparer(patience))
    event.listen(engine, "begin", _begin_sqlite)
    _keep_to_file(engine, path)
    return engine


_FILE = "sync_worker_file"


def _keep_to_file(engine: Engine, path: Path) -> None:
    """Have no connection write to a file that was removed, or in whose place another one is.

    SQLite keeps to the file that it has open, and makes a new one where there is none.
    """

    def require_file(*_: object) -> None:
        _identity_of_file(path)

    def note_file(_: object, record: Any) -> None:
        record.info[_FILE] = _identity_of_file(path)

    def compare_file(_: object, record: Any, __: object) -> None:
        if record.info[_FILE] != _identity_of_file(path):
            raise DisconnectionError  # the pool connects again

    event.listen(engine, "do_connect", require_file)
    event.listen(engine, "connect", note_file)
    event.listen(engine, "checkout", compare_file)


def _identity_of_file(path: Path) -> tuple[int, int] | None:
    """Which file it is; None where its folder is missing: a mount can be for a while."""
    try:
        status = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            return None
        raise MissingDatabase(path) from None
    except OSError:  # SQLite is to say what keeps it from the file
        return None
    return status.st_dev, status.st_ino


def _make_file(path: Path) -> None:
    """Create it for its owner alone, unless it exists; SQLite gives what it adds the same mode.

    A link is refused: the file would be created, or changed, wherever it leads.
    """
    if any(path.with_name(path.name + end).is_symlink() for end in _SQLITE_FILES):
        raise NoPlaceForDatabase(path)
    with suppress(FileExistsError):  # also where another upgrade has just made it
        os.close(atomic.create(path))


_LITTLE_ROOM_BYTES = 2**20
"""With less than this SQLite may fail to write: a page, its log, or the index of that."""


def _disk_teller(path: Path) -> Callable[[ExceptionContext], None]:
    """Note with errors of SQLite what is wrong with its disk: it says `disk I/O error` at most."""
    folder = Path(os.path.realpath(path)).parent

    def note(context: ExceptionContext) -> None:
        if errors.may_be_the_disk(context.original_exception):
            with suppress(OSError):
                errors.note_disk(context.original_exception, _what_is_wrong_with(folder))

    return note


def _what_is_wrong_with(folder: Path) -> str | None:
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_ROOM_BYTES:
        return f"{errors.FULL} at {folder}, with {free} bytes left"
    return None if os.access(folder, os.W_OK) else f"nothing can be written to {folder}"


_LOGIN = "sync_worker_login"


def note_descriptors(context: ExceptionContext) -> None:
    """Note with a connection that was not made that this process can open no more."""
    cause = context.original_exception
    is_connecting = context.connection is None or errors.may_be_the_disk(cause)
    if is_connecting and (short := descriptors.shortage()) is not None:
        errors.note_descriptors(cause, short)


def remember_login(context: ExceptionContext) -> None:
    """Note with an error who we were to the server, which does not say so."""
    if context.connection is not None and not context.connection.closed:
        driver: Any = context.connection.connection.driver_connection
        setattr(context.original_exception, _LOGIN, driver.info.user)


def login_of(error: BaseException) -> str:
    """Who we were to the PostgreSQL server that this error is from."""
    return str(getattr(getattr(error, "orig", None), _LOGIN, "?"))


def _preparer(patience: float) -> Callable[[sqlite3.Connection, object], None]:
    # The busy timeout does not cover a change of the journal mode: SQLite refuses a new file's
    # at once while another process is changing it.
    retry_while_locked = Retrying(
        retry=retry_if_exception(errors.is_busy),
        wait=wait_random(max=0.1),
        stop=stop_after_delay(patience),
        reraise=True,
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling begins too late and commits before DDL.
        connection.isolation_level = None
        retry_while_locked(connection.execute, "PRAGMA journal_mode = WAL").close()
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    return prepare


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reads_only", False):
        connection.exec_driver_sql("BEGIN")
    # A transaction that will write takes its lock at once: one that upgrades later can only fail.
    elif options.get("waits", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        _begin_at_once(connection)


def _begin_at_once(connection: Connection) -> None:
    milliseconds = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql("PRAGMA busy_timeout = 0").close()
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}").close()


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read, each from one snapshot."""
    return engine.execution_options(reads_only=True)


def not_waiting(engine: Engine) -> Engine:
    """The same engine for transactions that SQLite refuses while another process is writing."""
    return engine.execution_options(waits=False)


def unanswered_seconds(engine: Engine) -> float:
    """For how long PostgreSQL has not answered; may be asked from any thread."""
    watch = engine.get_execution_options().get("watch")
    return 0.0 if watch is None else float(watch.unanswered_seconds())


def keeps_roles(url: str) -> bool:
    """Whether the database at `url` can tell roles apart, and what each may do."""
    return postgresql_url.is_postgresql(url)


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    return None if postgresql_url.is_postgresql(url) else Path(make_url(url).database or "")


def files_of(url: str) -> tuple[Path, ...]:
    """The files that make up a SQLite database, there or not; none for PostgreSQL."""
    file = file_of(url)
    if file is None:
        return ()
    # SQLite follows a link to the file, and keeps the others beside what it leads to.
    real = os.path.realpath(file)
    return tuple(Path(real + end) for end in _SQLITE_FILES)

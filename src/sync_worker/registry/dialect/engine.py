"""How a database is opened, by its address, and how its transactions begin."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url

from sync_worker.config import postgresql_url
from sync_worker.errors import Exit, UserError
from sync_worker.files import atomic
from sync_worker.login_backoff import LoginBackoff
from sync_worker.registry.dialect import session
from sync_worker.registry.dialect.session import NO_ENCODING, qualify_in
from sync_worker.registry.errors import refuses_login
from sync_worker.remedies import Remedy

# How a PostgreSQL server is logged in to by a process that runs for long.


class Login(NamedTuple):
    """What a process that runs for long logs in with."""

    url: Callable[[], str]
    """The URL as it is now: its password may be another one than it was."""
    refusals: LoginBackoff


def renew(engine: Engine, login: Login) -> None:
    """Have each new connection made in this way."""
    last: list[Exception] = []

    def connect(dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        if login.refusals.wait_seconds() and last:
            raise type(last[0])(*last[0].args)
        stated = postgresql_url.parse_url(login.url())
        try:
            connection = dialect.connect(*args, **{**parameters, **stated})
        except dialect.loaded_dbapi.OperationalError as error:
            if refuses_login(error):
                last[:] = [error]
                login.refusals.refused(str(error))
            raise
        login.refusals.accepted()
        return connection

    event.listen(engine, "do_connect", connect)


# Text that others wrote into a database without an encoding: PostgreSQL hands out any bytes.


_TYPES = ("text", "varchar", "bpchar", "name")


class _ForeignText(Loader):
    """Reads what is not UTF-8 as replacement characters, instead of failing for good."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "replace")


def accept(driver: psycopg.Connection[Any], _record: object) -> None:
    """Have a connection read whatever bytes a database without an encoding holds as text."""
    if driver.info.parameter_status("server_encoding") == NO_ENCODING:
        for name in _TYPES:
            driver.adapters.register_loader(name, _ForeignText)


BUSY_TIMEOUT_MS = 5_000
"""How long SQLite waits for another process's transaction before it says "locked"."""

_NEVER_ASK = "-"
"""Any pass phrase keeps the client from asking for one on the terminal, where a key needs it."""
_SQLITE_FILES = ("", "-wal", "-shm", "-journal")
"""What is beside the file while it is in use, by the ends of their names."""
_NETWORK: Mapping[str, int] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How a peer that is gone is noticed; a URL may say otherwise."""


class MissingDatabase(UserError):
    """There is no SQLite file at the path; only an upgrade of the schema creates one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Exit.USAGE,
            f"There is no database file {path}.",
            why="Only an upgrade of the schema creates it.",
            hint=Remedy.CREATE_DATABASE_FILE(),
            code="configuration",
        )


class NoPlaceForDatabase(UserError):
    """At the path of the SQLite file stands something else, or it lies in no folder."""

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
) -> Engine:
    """An engine for the registry at `url`; nothing is connected yet.

    A SQLite file that does not exist is made only with `create`. PostgreSQL ends what takes longer
    than `limits`; SQLite always says "locked" after 5 s. With `login`, a PostgreSQL server is
    logged in to with what that says at the time.

    Raises:
        MissingDatabase: the SQLite file does not exist.
        NoPlaceForDatabase: nor can it.
        Unusable: a file that PostgreSQL's URL needs cannot be read.
    """
    if not postgresql_url.is_postgresql(url):
        return _open_sqlite(make_url(url), create=create)
    parameters = postgresql_url.parse_url(url)
    postgresql_url.require_files(parameters)
    engine = _open_postgresql(parameters, limits)
    if login is not None:
        renew(engine, login)
    return engine


def _open_sqlite(url: URL, *, create: bool) -> Engine:
    path = Path(url.database or "")
    if not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise NoPlaceForDatabase(path)
    if create:
        _make_file(path)
    elif not path.exists():
        raise MissingDatabase(path)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(path: Path) -> None:
    """Make it for its owner alone, where it is not there; SQLite gives what it adds the same mode.

    A link would have it made, or changed, wherever it leads.
    """
    if any(path.with_name(path.name + end).is_symlink() for end in _SQLITE_FILES):
        raise NoPlaceForDatabase(path)
    with suppress(FileExistsError):  # also where another upgrade has just made it
        os.close(atomic.create(path))


def _open_postgresql(parameters: Mapping[str, str], limits: session.TimeLimits) -> Engine:
    # These two bring the driver.
    from sync_worker.registry.dialect.watch import Watch  # noqa: PLC0415

    connecting = _connecting(parameters)
    engine = create_engine(
        # Keyword by keyword, never as a URL: another parser might read that one differently.
        "postgresql+psycopg://",
        connect_args=connecting,
        # A session that the server or a pooler has ended since is no error of who asks next.
        pool_pre_ping=True,
        # It is a look into the catalogue at the start, and nothing is kept in that type.
        use_native_hstore=False,
    )
    event.listen(engine, "connect", accept)
    event.listen(engine, "handle_error", _remember_login)
    engine.update_execution_options(watch=Watch(engine, limits, connecting))
    qualify_in(engine)
    session.begin_with(engine, limits)
    return engine


def _connecting(parameters: Mapping[str, str]) -> dict[str, Any]:
    """How a connection is made: nothing that a pooler refuses, and nothing that outlives it."""
    return {
        "sslpassword": _NEVER_ASK,
        # Also where there are none: else those of the environment would be sent.
        "options": "",
        **_NETWORK,
        **parameters,
        "connect_timeout": 5,
        "client_encoding": "UTF8",
        # Transactions begin with more than the driver would send: see `session`.
        "autocommit": True,
        # A statement that is prepared belongs to a session, which a pooler hands on.
        "prepare_threshold": None,
    }


_LOGIN = "sync_worker_login"


def _remember_login(context: ExceptionContext) -> None:
    """Keep with an error who we were to the server: it does not say so itself."""
    if context.connection is not None and not context.connection.closed:
        driver: Any = context.connection.connection.driver_connection
        setattr(context.original_exception, _LOGIN, driver.info.user)


def login_of(error: BaseException) -> str:
    """Who we were to the PostgreSQL server that this error is from."""
    return str(getattr(getattr(error, "orig", None), _LOGIN, "?"))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late and commits before DDL.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("reads_only", False)
    # A transaction that will write takes its lock at once: one that upgrades later can only fail.
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read, each from one snapshot."""
    return engine.execution_options(reads_only=True)


def unanswered_seconds(engine: Engine) -> float:
    """For how long PostgreSQL has kept us waiting for an answer by now, from whatever thread."""
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

"""Opens a PostgreSQL database. Imports its driver, which a SQLite registry does without."""

import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from sync_worker.config import postgresql_url
from sync_worker.registry.dialect import session
from sync_worker.registry.dialect.engine import Login, note_descriptors, remember_login
from sync_worker.registry.dialect.prepared import prepare_unless_pooled
from sync_worker.registry.dialect.session import NO_ENCODING, qualify_in
from sync_worker.registry.dialect.watch import Watch
from sync_worker.registry.errors import is_login_refusal, note_not_tried

_NEVER_ASK = "-"
"""Any pass phrase keeps the client from asking for one on the terminal, where a key needs it."""
_NETWORK: Mapping[str, int] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How a peer that is gone is noticed; a URL may say otherwise."""
_MOST_SECONDS, _LEAST_SECONDS = 5, 2
"""For which a server is waited for that does not answer; libpq takes less than 2 for 2."""
_RESTED_SECONDS = 1.0
_RESTS_SINCE = "sync_worker_rests_since"
_TEXT_TYPES = ("text", "varchar", "bpchar", "name")


def open_postgresql(
    url: str, limits: session.TimeLimits, login: Login | None, application: str
) -> Engine:
    """An engine for the database at `url`: see `open_engine`."""
    parameters = {"application_name": application, **postgresql_url.parse_url(url)}
    postgresql_url.require_files(parameters)
    connecting = _connecting(parameters, limits.connecting)
    engine = create_engine(
        # Keyword by keyword, never as a URL: another parser might read that one differently.
        "postgresql+psycopg://",
        connect_args=connecting,
        # Whoever asks next is not to fail because the server or a pooler has ended the session. A
        # process that runs for long retries anyway, and asks less often: see `_log_in_with`.
        pool_pre_ping=login is None,
        pool_timeout=limits.lock,
        # It would be a look into the catalogue at the start, for a type that nothing is kept in.
        use_native_hstore=False,
    )
    event.listen(engine, "connect", _accept)
    event.listen(engine, "handle_error", remember_login)
    event.listen(engine, "handle_error", note_descriptors)
    engine.update_execution_options(watch=Watch(engine, limits, connecting))
    qualify_in(engine)
    session.begin_with(engine, limits)
    if login is None:
        event.listen(engine, "do_connect", _connect)
    else:
        _log_in_with(engine, login)
    return engine


def _connecting(parameters: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """How a connection is made: nothing that a pooler refuses, and nothing that outlives it.

    It may take so many seconds, though no server of the address answers.
    """
    return {
        "sslpassword": _NEVER_ASK,
        # Also where there are none: else those of the environment would be sent.
        "options": "",
        **_NETWORK,
        **parameters,
        "connect_timeout": _seconds_for_each(parameters, seconds),
        "client_encoding": "UTF8",
        # Transactions begin with more than the driver would send: see `session`.
        "autocommit": True,
        # Until it is known whose session it is: see `prepared`.
        "prepare_threshold": None,
    }


def _seconds_for_each(parameters: Mapping[str, str], seconds: float) -> int:
    """How long one server is waited for: they are tried one after the other."""
    given = postgresql_url.with_client_defaults(parameters)
    servers = max(given.get(name, "").count(",") for name in ("host", "hostaddr", "port")) + 1
    return min(_MOST_SECONDS, max(_LEAST_SECONDS, int(seconds / servers)))


def _connect(dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
    """As the dialect does it; the driver lets an error of the system through as it is."""
    try:
        return dialect.connect(*args, **parameters)
    except OSError as error:
        raise psycopg.OperationalError(str(error)) from error


def _log_in_with(engine: Engine, login: Login) -> None:
    """Have each new connection log in with what `login` says at the time.

    One that has rested is asked whether the server still knows it. To ask one that was in use a
    moment ago, before each of many small transactions, would cost each of them a round trip.
    """
    last: list[Exception] = []

    def connect(dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        if login.refusals.wait_seconds() and last:
            former = type(last[0])(*last[0].args)
            note_not_tried(former)
            raise former
        stated = postgresql_url.parse_url(login.url())
        try:
            connection = _connect(dialect, _record, args, {**parameters, **stated})
        except dialect.loaded_dbapi.OperationalError as error:
            if is_login_refusal(error):
                last[:] = [error]
                login.refusals.refused(str(error))
            raise
        login.refusals.accepted()
        return connection

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", _rests)
    event.listen(engine, "checkout", _ask_if_rested)


def _rests(_driver: object, record: Any) -> None:
    record.info[_RESTS_SINCE] = time.monotonic()


def _ask_if_rested(driver: psycopg.Connection[Any], record: Any, _user: object) -> None:
    since = record.info.get(_RESTS_SINCE)
    if since is None or time.monotonic() - since < _RESTED_SECONDS:
        return
    try:
        driver.execute("SELECT 1")
    except psycopg.Error as error:
        raise InvalidatePoolError from error  # the pool opens another


class _ForeignText(Loader):
    """Reads bytes that are not UTF-8 as replacement characters.

    Others may have written them into a database without an encoding, and PostgreSQL hands them out.
    """

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "replace")


def _accept(driver: psycopg.Connection[Any], _record: object) -> None:
    prepare_unless_pooled(driver)
    if driver.info.parameter_status("server_encoding") == NO_ENCODING:
        for name in _TEXT_TYPES:
            driver.adapters.register_loader(name, _ForeignText)

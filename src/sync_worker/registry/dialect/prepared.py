"""The statements that every transaction has: built once, and parsed and planned once a session.

A pooler hands sessions on, and what is prepared belongs to a session: behind one, nothing is.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from sync_worker.registry import errors
from sync_worker.registry.dialect.driver_calls import call
from sync_worker.registry.dialect.session import schema_in_use

FEW = 10
"""As many rows as PostgreSQL takes a list to have whose length it does not know yet."""
_UNASKED = 10**9
"""After so many executions the driver prepares a statement that it is not asked to prepare."""


def prepare_unless_pooled(driver: Any) -> None:
    """Let statements be prepared on a new connection, if its session stays its own.

    A pooler cannot know which of its sessions a connection will have, so that the process that it
    names as somebody logs in is another one than the server's.
    """
    (backend_pid,) = driver.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    driver.prepare_threshold = _UNASKED if driver.info.backend_pid == backend_pid else None


def execute_often(
    connection: Connection,
    statement: Select[Any] | Insert | Update | Delete,
    parameters: Any,
    *,
    of_few: bool = True,
) -> list[Any]:
    """Execute a statement that is built once; the rows of a query, each a tuple.

    Values are as the driver makes them, which of our types is what SQLAlchemy leaves them at. Not
    `of_few` rows, it is planned each time: how many there are decides on the best plan.

    Raises:
        DBAPIError: the database failed; `fault_of` says whose fault it is.
    """
    if connection.dialect.name != "postgresql":
        result = connection.execute(statement, parameters)
        return list(result) if result.returns_rows else []
    # A registry in SQLite does without the driver.
    from psycopg import RawCursor  # noqa: PLC0415

    if not connection.in_transaction():
        connection.begin()
    text, names, fixed = _compiled(statement, connection.dialect, schema_in_use(connection))
    values = [parameters[name] if name in parameters else fixed[name] for name in names]
    driver: Any = connection.connection.driver_connection
    cursor = RawCursor(driver)
    try:
        call(connection, cursor, text, values, prepare=of_few)
    except DBAPIError as error:
        if of_few:
            _notice_stale(driver, error.orig)
        raise
    return cursor.fetchall() if isinstance(statement, Select) else []


_ALTERED = "0A000"
"""A column that the statement returns has another type since."""
_NOT_THERE, _THERE_ALREADY = "26000", "42P05"


def _notice_stale(driver: Any, cause: BaseException | None) -> None:
    """Have a transaction repeated that failed only because it was prepared.

    The driver forgets all that it has prepared as the transaction is rolled back.
    """
    state = getattr(cause, "sqlstate", None)
    if state in {_NOT_THERE, _THERE_ALREADY}:
        driver.prepare_threshold = None  # the session is handed on after all
    if state in {_NOT_THERE, _THERE_ALREADY, _ALTERED}:
        errors.note_stale(cause)


@lru_cache(maxsize=500)  # more than there are
def _compiled(
    statement: Select[Any] | Insert | Update | Delete, dialect: Dialect, schema: str
) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
    """The text, its parameters in the order of their numbers, and the values of constants."""
    numbered: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    numbered.identifier_preparer = type(dialect.identifier_preparer)(numbered)
    compiled: Any = statement.compile(
        dialect=numbered, schema_translate_map={None: schema}, render_schema_translate=True
    )
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return compiled.string, tuple(compiled.positiontup), fixed

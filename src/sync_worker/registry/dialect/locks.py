"""Locks beyond those of rows. One that writes to SQLite is alone anyway."""

from sqlalchemy import Connection, Table, func, select

from sync_worker.registry.dialect.path import qualified


def alone(connection: Connection, purpose: str) -> None:
    """Wait until no other transaction does this; one that writes to SQLite is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(purpose))))


def lock_own_system(connection: Connection) -> None:
    """Wait until nobody is writing `own_system`, and let nobody until the transaction ends.

    Reading goes on, and others may hold the same lock. One that writes to SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        _run(connection, f"SELECT {qualified(connection, 'lock_own_system')}()")


def lock_to_write(connection: Connection, table: Table) -> None:
    """Wait until nobody writes the table, and let nobody else until the transaction ends.

    Reading goes on. One that writes to SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        name = qualified(connection, table.name)
        _run(connection, f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")


def _run(connection: Connection, statement: str) -> None:
    # The driver reads a per cent sign, as in a schema's name, as the beginning of a parameter.
    connection.exec_driver_sql(statement.replace("%", "%%"))

"""The unit of work: a transaction, rolled back unless it is committed.

Everything that writes takes its locks in one order, so that nothing deadlocks: a plan of the page,
then positions by topic and partition, then TAK as a whole, then clinics by HSA-id, then the guard's
rows by region, then dead letters by id, then a session of the page. Who writes TAK locks no clinic.
For a plan wait those alone who confirm the same one, and they hold nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from sync_worker.registry import dialect, errors
from sync_worker.registry.tables import position


class Transaction:
    """A transaction that is kept only once `commit` has been called."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def commit(self) -> None:
        """Keep everything that was written in this transaction."""
        try:
            self.connection.commit()
        except DBAPIError as error:
            errors.note_commit(error)
            raise


class Registry:
    """The registry's database, as transactions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = dialect.reading(engine)
        self._not_waiting_engine = dialect.not_waiting(engine)

    @contextmanager
    def transaction(self, *, waits: bool = True) -> Iterator[Transaction]:
        """A transaction that writes.

        Where it does not wait, it is refused while another process is writing to a SQLite file.
        """
        engine = self._engine if waits else self._not_waiting_engine
        with engine.connect() as connection:
            yield Transaction(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that only reads: everything in it is from one moment."""
        with self._reading_engine.connect() as connection:
            yield connection

    def timeline(self) -> str | None:
        """Which history the database's server writes: another one once a standby has taken over.

        None where there is only one, or it cannot be told.
        """
        with self._reading_engine.connect() as connection:
            return dialect.timeline(connection)

    def require_writable(self) -> None:
        """Raise DBAPIError where the database only reads: read-only by a setting, or a standby.

        SQLite says so no sooner than something is written: to find out is to lock out all others.
        """
        with self._engine.connect() as connection:
            dialect.require_writable(connection, position)

    def unanswered_seconds(self) -> float:
        """For how long the database has not answered; may be asked from any thread."""
        return dialect.unanswered_seconds(self._engine)

    def renew(self) -> None:
        """Close idle sessions: they keep modes that a database has left, such as read-only."""
        self._engine.dispose()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

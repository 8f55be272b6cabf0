"""Who is acting, told to the triggers that log: in one transaction, and bound to it.

What somebody committed earlier, or set for a session, names nobody: PostgreSQL's triggers compare
the transaction, and SQLite refuses to commit the row.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

_NAME_IN_TRANSACTION = text(
    "SELECT pg_catalog.set_config('sync_worker.actor', :actor, true),"
    " pg_catalog.set_config('sync_worker.reason', :reason, true),"
    " pg_catalog.set_config("
    "'sync_worker.transaction', CAST(pg_catalog.txid_current() AS text), true)"
)


@contextmanager
def acting(connection: Connection, actor: str, reason: str | None) -> Iterator[None]:
    """Name, for the triggers, who writes in this block and why; to be left before the commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NAME_IN_TRANSACTION, {"actor": actor, "reason": reason or ""})
        yield
        return
    named = {"actor": actor, "reason": reason}
    connection.execute(text("DELETE FROM acting"))
    connection.execute(text("INSERT INTO acting (actor, reason) VALUES (:actor, :reason)"), named)
    yield
    connection.execute(text("DELETE FROM acting"))

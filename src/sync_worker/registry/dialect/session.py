"""What each transaction of PostgreSQL begins with, whatever its server, role or environment set.

Settings are given per transaction: nothing outlives it, so that a pooler (PgBouncer in transaction
mode) may hand the session on. They travel with the BEGIN, in one round trip.

Names are looked up in PostgreSQL's catalogue alone. Whoever may add to the schema of the tables
could create a function or an operator there that fits a call better than the catalogue's own, and
have us run it. So that schema is not searched: each table is named with it. Which schema it is, a
user says as usual: by `search_path`, in the URL or for the role.

Locks beyond those of rows are here too: on SQLite, whoever writes is alone anyway.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, func, select, text
from sqlalchemy.dialects.postgresql.base import PGIdentifierPreparer

from sync_worker.authorship import Authorship
from sync_worker.registry.dialect.driver_calls import call

PINNED: Mapping[str, str] = {
    "client_encoding": "UTF8",  # all text is Unicode; another encoding lacks most of it
    "datestyle": "ISO",  # the driver reads no other
    "intervalstyle": "postgres",  # the same
    "timezone": "UTC",  # the driver gives instants in the session's zone
    "bytea_output": "hex",  # the shorter of the two to read
    "array_nulls": "on",  # columns are sent as array literals; off reads NULL as a word
    "standard_conforming_strings": "on",  # off reads backslashes in literals
    "transform_null_equals": "off",  # a comparison with NULL is not IS NULL
    "row_security": "on",  # off refuses what a policy would only filter
    "exit_on_error": "off",  # on ends the session where one record's data is refused
}
"""Setting → value that the program relies on; the comment says for what. For any user to set."""

NO_ENCODING = "SQL_ASCII"
"""Of a database that holds any bytes. It would refuse to hand out those that are not UTF-8, so it
is asked for bytes, and given those of UTF-8."""

_CORRECTED: Mapping[str, tuple[str, str]] = {
    # Replica fires no triggers: no change would be logged, and none refused. It is a superuser's
    # to set, so that a session that was given it, and may not take it back, is refused.
    "session_replication_role": ("origin", "<> 'origin'"),
    # What was answered as done is done, also after a crash. Which replicas it waits for is theirs
    # to say who run the server.
    "synchronous_commit": ("on", "= 'off'"),
}
"""Setting → value, and the values in place of which it is set; all others stay."""

_KNOWS_TRANSACTION_TIMEOUT = 170_000
"""The first version of PostgreSQL that can end any transaction, idle or not."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """After how many seconds the server ends what a session does; 0 is never."""

    statement: float
    lock: float
    """Of waiting for one lock; or here, for a connection where all are in use."""
    idle: float
    """Of silence within a transaction: a process that is frozen does not hold up the others."""
    transaction: float
    """Of all of it; known from PostgreSQL 17 on."""
    idle_while_reading: float
    """Of silence in one that only reads: it locks out nobody but upgrades of the schema."""
    connecting: float = 60
    """Of connecting, shared by the servers that an address names; ours to keep, not theirs."""

    def of_reading(self) -> "TimeLimits":
        """The limits of a transaction that only reads."""
        return replace(self, idle=self.idle_while_reading)

    def within(self, seconds: float) -> "TimeLimits":
        """These limits, for one who must be back from a transaction within so many seconds."""
        return TimeLimits(
            statement=min(self.statement, seconds / 4),
            # Shorter: else a statement that waits for a lock is taken for one that is too large.
            lock=min(self.lock, seconds / 5),
            idle=min(self.idle, seconds / 2),
            transaction=min(self.transaction, seconds / 2),
            idle_while_reading=min(self.idle_while_reading, seconds / 2),
            connecting=min(self.connecting, seconds / 2),
        )


WORKER = TimeLimits(statement=8, lock=5, idle=10, transaction=30, idle_while_reading=10)
"""To lose its place in the group is costly, and what took too long is tried again with less."""

COMMAND = TimeLimits(statement=600, lock=30, idle=10, transaction=1800, idle_while_reading=1800)
"""A long list, import or purge may finish; one that is suspended midway is not waited for. A list
may stay on somebody's screen, page by page."""

REPORT = TimeLimits(statement=2, lock=2, idle=5, transaction=5, idle_while_reading=5)
"""How a worker is: the next report follows in a few seconds."""

PAGE = TimeLimits(statement=10, lock=5, idle=10, transaction=25, idle_while_reading=10)
"""Somebody waits at a browser, behind a proxy that gives up after 30 s."""

UPGRADE = TimeLimits(statement=0, lock=120, idle=60, transaction=0, idle_while_reading=60)
"""A migration takes as long as its tables are large."""


def begin_with(engine: Engine, limits: TimeLimits) -> None:
    """Have every transaction of the engine begin with the pinned settings and these limits."""

    def begin(connection: Connection) -> None:
        is_reading = connection.get_execution_options().get("reads_only", False)
        driver: Any = connection.connection.driver_connection
        info = driver.info
        is_bytes = info.parameter_status("server_encoding") == NO_ENCODING
        text = _beginning(limits, info.server_version, is_reading=is_reading, is_bytes=is_bytes)
        call(connection, driver.cursor(), text)

    event.listen(engine, "begin", begin)


@cache
def _beginning(limits: TimeLimits, version: int, *, is_reading: bool, is_bytes: bool) -> str:
    # Not left to the server: after a wait for a lock, the next statement is to see it all. Whether
    # it may write is left to the server, where it may: a standby refuses to be told.
    knows_timeout = version >= _KNOWS_TRANSACTION_TIMEOUT
    mode = "REPEATABLE READ, READ ONLY" if is_reading else "READ COMMITTED"
    settings = {**PINNED, **_timeouts(limits.of_reading() if is_reading else limits, version)}
    if is_bytes:
        settings["client_encoding"] = NO_ENCODING
    return "; ".join(
        [
            f"BEGIN ISOLATION LEVEL {mode}, NOT DEFERRABLE",
            CATALOGUE_ALONE,
            # It runs since BEGIN, and would keep to the limit of before.
            *(["SET LOCAL transaction_timeout TO 0"] if knows_timeout else []),
            *(f"SET LOCAL {name} TO '{value}'" for name, value in settings.items()),
            *(
                f"SELECT pg_catalog.set_config('{name}', '{value}', true)"
                f" WHERE pg_catalog.current_setting('{name}') {unwanted}"
                for name, (value, unwanted) in _CORRECTED.items()
            ),
        ]
    )


def _timeouts(limits: TimeLimits, version: int) -> dict[str, str]:
    seconds = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    if version >= _KNOWS_TRANSACTION_TIMEOUT:
        seconds["transaction_timeout"] = limits.transaction
    # Rounded up, since 0 stands for no limit.
    return {name: f"{ceil(limit * 1000)}ms" for name, limit in seconds.items()}


def limit_statements(connection: Connection, seconds: float) -> None:
    """End each statement of the rest of this transaction after so long."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout TO '{ceil(seconds * 1000)}ms'")


CATALOGUE_ALONE = "SET LOCAL search_path TO pg_catalog, pg_temp"

# Said before the path is pinned: so each name in it is qualified.
_SCHEMA_IN_USE = """
SELECT coalesce(
    (
        SELECT nspname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace
            ON pg_namespace.oid OPERATOR(pg_catalog.=) pg_class.relnamespace
        WHERE pg_class.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('clinic')::pg_catalog.oid
    ),
    pg_catalog.current_schema(),
    pg_catalog.current_setting('search_path')::pg_catalog.name
)::pg_catalog.text
"""
"""Where the tables are, or would be made; a schema that is not there, as it was asked for."""
_SCHEMA = "sync_worker_schema"


def qualify_in(engine: Engine) -> None:
    """Have the tables of each connection named with the schema that its user looks in."""
    engine.dialect.identifier_preparer = _Preparer(engine.dialect)
    event.listen(engine, "connect", _find_schema)
    event.listen(engine, "engine_connect", _qualify)


class _Preparer(PGIdentifierPreparer):
    """Puts the name of our schema into statements.

    SQLAlchemy does it by a pattern that finds any schema, each time a statement is executed: of a
    transaction with one event that was a fifteenth.
    """

    def _render_schema_translates(self, statement: str, schema_translate_map: Any) -> str:
        ours = self.quote_schema(schema_translate_map[None])
        named = statement.replace("__[SCHEMA__none]", ours)
        if "__[SCHEMA_" not in named:
            return named
        # The catalogue's is there too, where a migration looks at what there is.
        return super()._render_schema_translates(named, schema_translate_map)


def _find_schema(connection: Any, record: Any) -> None:
    record.info[_SCHEMA] = connection.execute(_SCHEMA_IN_USE).fetchone()[0]


def _qualify(connection: Connection) -> None:
    connection.execution_options(schema_translate_map={None: schema_in_use(connection)})


def schema_in_use(connection: Connection) -> str:
    """The PostgreSQL schema that has our tables, or will have them."""
    return str(connection.info[_SCHEMA])


def qualified(connection: Connection, name: str) -> str:
    """The name of something in that schema, as the server reads names."""
    return ".".join(
        '"' + part.replace('"', '""') + '"' for part in (schema_in_use(connection), name)
    )


def has_table(connection: Connection, name: str) -> bool:
    """Whether there is a table of ours with this name."""
    if connection.dialect.name == "postgresql":
        asked = {"name": qualified(connection, name)}
        return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), asked))
    return connection.dialect.has_table(connection, name)


def look_in_own_schema(connection: Connection) -> None:
    """Let this transaction look in our schema too, as migrations do; after the catalogue."""
    if connection.dialect.name == "postgresql":
        schema = qualified(connection, "").removesuffix('.""')
        connection.execute(
            text("SELECT set_config('search_path', :path, true)"), {"path": f"{schema}, pg_temp"}
        )


_NAME_IN_TRANSACTION = text(
    "SELECT pg_catalog.set_config('sync_worker.actor', :actor, true),"
    " pg_catalog.set_config('sync_worker.reason', :reason, true),"
    " pg_catalog.set_config("
    "'sync_worker.transaction', CAST(pg_catalog.txid_current() AS text), true)"
)


@contextmanager
def acting(connection: Connection, authorship: Authorship) -> Iterator[None]:
    """Name, for the triggers that log, who writes in this block; to be left before the commit.

    It is bound to the transaction. What somebody committed earlier, or set for a session, names
    nobody: PostgreSQL's triggers compare the transaction, and SQLite refuses to commit the row.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            _NAME_IN_TRANSACTION, {"actor": authorship.actor, "reason": authorship.reason or ""}
        )
        yield
        return
    named = {"actor": authorship.actor, "reason": authorship.reason}
    connection.execute(text("DELETE FROM acting"))
    connection.execute(text("INSERT INTO acting (actor, reason) VALUES (:actor, :reason)"), named)
    yield
    connection.execute(text("DELETE FROM acting"))


def forgo_durability(connection: Connection) -> None:
    """Commit this transaction without waiting for disk or replicas: a crash may lose it.

    SQLite waits nevertheless.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit TO off"))


def advisory_lock(connection: Connection, purpose: str) -> None:
    """Wait until no other transaction does this."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(purpose))))


def require_writable(connection: Connection, table: Table) -> None:
    """Have PostgreSQL refuse where nothing can be written to the table; no row of it is locked."""
    if connection.dialect.name == "postgresql":
        name = qualified(connection, table.name)
        _run(connection, f"SELECT FROM {name} WHERE false FOR UPDATE")


def lock_own_system(connection: Connection) -> None:
    """Wait until nobody is writing `own_system`, and let nobody until the transaction ends.

    Others may read the table, and hold the same lock.
    """
    if connection.dialect.name == "postgresql":
        _run(connection, f"SELECT {qualified(connection, 'lock_own_system')}()")


def lock_to_write(connection: Connection, table: Table) -> None:
    """Wait until nobody writes the table, and let nobody else until the transaction ends.

    Others may read it.
    """
    if connection.dialect.name == "postgresql":
        name = qualified(connection, table.name)
        _run(connection, f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")


def lock_out_readers(connection: Connection, table: Table) -> None:
    """Wait for transactions that have read the table, and let nobody read until this one ends."""
    if connection.dialect.name == "postgresql":
        _run(connection, f"LOCK TABLE {qualified(connection, table.name)}")


def _run(connection: Connection, statement: str) -> None:
    # The driver reads a per cent sign, as in a schema's name, as the beginning of a parameter.
    connection.exec_driver_sql(statement.replace("%", "%%"))

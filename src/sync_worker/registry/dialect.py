"""All that differs between SQLite and PostgreSQL; nothing else in the program asks which it is."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    FromClause,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    exists,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.types import TypeDecorator, TypeEngine

from sync_worker.registry.array_literals import array_literal

BUSY_TIMEOUT_MS = 5_000
"""How long SQLite waits for another process's transaction before it says "locked"."""

_IDLE_IN_TRANSACTION_MS = 10_000
_WIDTH = len("0001-01-01T00:00:00.000000Z")


class MissingDatabase(Exception):
    """There is no SQLite file at the path; one is made by an upgrade of the schema alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no database file {path}")
        self.path = path


class NoPlaceForDatabase(Exception):
    """The path of the SQLite file is a folder, or lies in none."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there can be no database file {path}")
        self.path = path


class Instant(TypeDecorator[datetime]):
    """An instant in UTC with microseconds.

    SQLite keeps it as text of a fixed width, so that it sorts and compares as an instant.
    """

    impl = String(_WIDTH)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(_WIDTH))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
        return text.removesuffix("+00:00") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]  # psycopg has made it a datetime
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return None  # somebody wrote it by hand, and it is no instant
        # SQLite's own clock, which a person may have used, is UTC and does not say so.
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares byte by byte, as SQLite's does anyway."""

RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up; SQLite does so for INTEGER alone."""


def open_engine(
    url: str, *, create: bool = False, lock_timeout_seconds: float | None = None
) -> Engine:
    """An engine for the registry at `url`; nothing is connected yet.

    A SQLite file that does not exist is made only with `create`. On PostgreSQL a statement waits
    for a lock no longer than `lock_timeout_seconds`; SQLite always says "locked" after 5 s.

    Raises:
        MissingDatabase: the SQLite file does not exist.
        NoPlaceForDatabase: nor can it.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address, create=create)
    return _open_postgresql(address, lock_timeout_seconds)


def _open_sqlite(address: URL, *, create: bool) -> Engine:
    path = Path(address.database or "")
    if path.is_dir() or not path.parent.is_dir():
        raise NoPlaceForDatabase(path)
    if not create and not path.exists():
        raise MissingDatabase(path)
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(address: URL, lock_timeout_seconds: float | None) -> Engine:
    # Whatever the server's default is: after a wait for a lock, the next statement sees it all.
    options = "-c timezone=UTC -c default_transaction_isolation=read\\ committed"
    if lock_timeout_seconds is not None:
        options += f" -c lock_timeout={int(lock_timeout_seconds * 1000)}"
        # A process that is frozen in the middle of a transaction does not hold up the others.
        options += f" -c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}"
    if "options" in address.query:
        options = f"{address.query['options']} {options}"
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "connect_timeout": 5},
    )
    event.listen(engine, "checkin", _forget_mode)
    return engine


def _forget_mode(connection: Any, _record: object) -> None:
    """Leave it to the server whether a transaction may write: a standby refuses to be told."""
    if connection is not None and not connection.closed:
        connection.read_only = None


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
    if engine.dialect.name == "postgresql":
        return engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, reads_only=True
        )
    return engine.execution_options(reads_only=True)


def alone(connection: Connection, purpose: str) -> None:
    """Wait until no other transaction does this; one that writes to SQLite is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(purpose))))


def keeps_roles(url: str) -> bool:
    """Whether the database at `url` can tell roles apart, and what each may do."""
    return make_url(url).get_backend_name() == "postgresql"


def schema_of(connection: Connection, table: Table) -> str:
    """The PostgreSQL schema in which this connection finds the table."""
    return str(
        connection.scalar(
            text(
                "SELECT nspname FROM pg_class"
                " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
                " WHERE pg_class.oid = to_regclass(:name)"
            ),
            {"name": table.name},
        )
    )


def owns(connection: Connection, table: Table) -> bool:
    """Whether this PostgreSQL user owns the table, or may do what its owner may."""
    may = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)")
    return bool(connection.scalar(may, {"name": table.name}))


def lock_own_system(connection: Connection) -> None:
    """Wait until nobody is writing `own_system`, and let nobody until the transaction ends.

    Reading goes on, and others may hold the same lock. One that writes to SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.lock_own_system()))


def lock_to_write(connection: Connection, table: Table) -> None:
    """Wait until nobody writes the table, and let nobody else until the transaction ends.

    Reading goes on. One that writes to SQLite is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")


def _elements(connection: Connection, values: Sequence[str]) -> FromClause:
    """The values as a table of one column, `value`: one parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        array = _array(values, postgresql.ARRAY(Text()))
        return func.unnest(array).table_valued("value").render_derived()
    return func.json_each(json.dumps(list(values))).table_valued("value")


def among(
    connection: Connection, column: ColumnElement[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """`column` is one of `values`, however many they are."""
    return column.in_(select(_elements(connection, values).c.value))


def insert_missing_keys(connection: Connection, key: Column[str], values: Sequence[str]) -> None:
    """Insert a row with the key alone for each of the sorted values that has none."""
    elements = _elements(connection, values)
    missing = (
        select(elements.c.value)
        .where(~exists().where(key == elements.c.value))
        .order_by(elements.c.value)
    )
    insert = _insert(connection, key.table).from_select([key.name], missing)
    connection.execute(insert.on_conflict_do_nothing())


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; leave the others as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def insert_one(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row; False where its key is there already, which waits for whoever is writing it."""
    statement = _insert(connection, table).on_conflict_do_nothing().values(row)
    counting = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counting).rowcount > 0


def insert_all(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert the rows in this order; `names` are of the columns that they hold."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        values = _as_table(table, names, rows)
        connection.execute(table.insert().from_select(list(names), select(*values.c)))
    else:
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])


def update_by_key(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    **same: Any,
) -> None:
    """Set columns of rows, each found by the table's primary key; no key comes twice.

    `names` are of the columns that the rows hold, the key's among them; `same` is for all of them.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in names if name not in keys]
    if connection.dialect.name == "postgresql":
        values = _as_table(table, names, rows)
        statement = table.update().where(*(table.c[key] == values.c[key] for key in keys))
        connection.execute(statement.values({name: values.c[name] for name in others} | same))
        return
    bound = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    statement = table.update().where(*(table.c[key] == bound[key] for key in keys))
    statement = statement.values({name: bound[name] for name in others} | same)
    to_names = [f"to_{name}" for name in names]
    connection.execute(statement, [dict(zip(to_names, row, strict=True)) for row in rows])


def _as_table(table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> FromClause:
    """The rows as one array a column: one statement and one plan, however many they are."""
    types = [table.c[name].type for name in names]
    arrays = [
        _array(values, postgresql.ARRAY(type_))
        for values, type_ in zip(zip(*rows, strict=True), types, strict=True)
    ]
    columns = [column(name, type_) for name, type_ in zip(names, types, strict=True)]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="new")


def _array(values: Sequence[Any], type_: postgresql.ARRAY[Any]) -> ColumnElement[Any]:
    return cast(bindparam(None, array_literal(values), type_=Text()), type_)


def _insert(connection: Connection, table: Any) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def version(connection: Connection) -> str:
    """Which database it is, as a person says it."""
    if connection.dialect.name == "postgresql":
        return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar()}"
    return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar()}"


def clock(connection: Connection) -> datetime | None:
    """The database's clock; None where it has none of its own."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment
    return None


def size_bytes(connection: Connection) -> int | None:
    """How large the database is; None for a file of ours, which the disk tells more about."""
    if connection.dialect.name == "postgresql":
        size = select(func.pg_database_size(func.current_database()))
        return int(connection.execute(size).scalar_one())
    return None


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite"
    return Path(address.database or "") if is_file else None


def role(connection: Connection) -> str | None:
    """Who we are to the database; None where it knows no roles."""
    if connection.dialect.name == "postgresql":
        return str(connection.execute(text("SELECT current_user")).scalar_one())
    return None


def is_member(connection: Connection, role_name: str) -> bool:
    """Whether we are this role of PostgreSQL, or one of its members; a superuser counts as none."""
    statement = text(
        "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = :role "
        "AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    )
    return bool(connection.execute(statement, {"role": role_name}).scalar())


def missing_privileges(
    connection: Connection, needed: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    """What we lack of `needed`: PostgreSQL's table → privilege → columns, none for all of them.

    Told as `PRIVILEGE on table`.
    """
    return [
        f"{privilege} on {table}"
        for table, privileges in needed.items()
        for privilege, columns in privileges.items()
        if not all(
            _asked(connection, func.has_column_privilege(table, column, privilege))
            for column in columns
        )
        or not (columns or may(connection, table, privilege))
    ]


def may(connection: Connection, table: str, privileges: str) -> bool:
    """Whether we have one of the privileges on a whole table of PostgreSQL."""
    return _asked(connection, func.has_table_privilege(table, privileges))


def may_count(connection: Connection, sequence: str) -> bool:
    """Whether we may take the next number of a sequence of PostgreSQL."""
    return _asked(connection, func.has_sequence_privilege(sequence, "USAGE"))


def _asked(connection: Connection, question: ColumnElement[Any]) -> bool:
    return bool(connection.execute(select(question)).scalar())

"""What a database tells about itself, about what its roles may do, and about its schema."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Table, TextClause, func, select, text
from sqlalchemy.exc import DBAPIError

from sync_worker.registry.dialect.session import qualified, schema_in_use

_TRUSTED = text("""
SELECT nspowner FROM pg_namespace WHERE nspname = :schema
UNION SELECT datdba FROM pg_database WHERE datname = current_database()
UNION SELECT oid FROM pg_roles WHERE rolsuper
UNION SELECT coalesce(
    (
        SELECT relowner FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = :schema AND relname = 'clinic'
    ),
    (SELECT oid FROM pg_roles WHERE rolname = current_user)
)
""")
"""Whoever may change the tables anyway: superusers, and who owns the tables, their schema or the
database; before there are tables, whoever creates them."""
_MAY_ADD = text("""
SELECT DISTINCT coalesce(quote_ident(rolname), 'PUBLIC') AS grantee
FROM pg_namespace
CROSS JOIN aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS given
LEFT JOIN pg_roles ON pg_roles.oid = given.grantee
WHERE nspname = :schema AND privilege_type = 'CREATE'
    AND given.grantee <> ALL (CAST(:trusted AS oid[]))
ORDER BY grantee
""")
_PLANTED = text("""
SELECT name, quote_ident(rolname) AS owner
FROM (
    SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END
        || ' ' || CAST(CAST(oid AS regprocedure) AS text), pronamespace, proowner
    FROM pg_proc AS made WHERE EXISTS (
        SELECT FROM pg_proc AS own
        WHERE own.proname = made.proname AND own.pronamespace = to_regnamespace('pg_catalog')
    )
    UNION ALL
    SELECT 'OPERATOR ' || CAST(CAST(oid AS regoperator) AS text), oprnamespace, oprowner
    FROM pg_operator AS made WHERE EXISTS (
        SELECT FROM pg_operator AS own
        WHERE own.oprname = made.oprname AND own.oprnamespace = to_regnamespace('pg_catalog')
    )
) AS callable (name, namespace, owner)
JOIN pg_namespace ON pg_namespace.oid = callable.namespace
JOIN pg_roles ON pg_roles.oid = callable.owner
WHERE nspname = :schema AND callable.owner <> ALL (CAST(:trusted AS oid[]))
ORDER BY name DESC
""")
_OWNER = text("""
SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = :schema
""")


class Planted(NamedTuple):
    """A function or an operator, as SQL names it, that is not by somebody we trust."""

    name: str
    owner: str


def version(connection: Connection) -> str:
    """Which database it is, as a person says it."""
    if connection.dialect.name == "postgresql":
        return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar()}"
    return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar()}"


_TIMELINE = "SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn())"
_TIMELINE_DIGITS = 8
_UNTOLD = {"55000", "0A000", "42501", "42883"}
"""What a standby says to that, and servers that only resemble PostgreSQL, or do not permit it."""


def timeline(connection: Connection) -> str | None:
    """The number of the server's history, another one after a failover; None where it is untold."""
    if connection.dialect.name != "postgresql":
        return None
    try:
        name = connection.exec_driver_sql(_TIMELINE).scalar()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _UNTOLD:
            return None
        raise
    return str(name)[:_TIMELINE_DIGITS]


def encoding(connection: Connection) -> str:
    """The encoding in which the database keeps text, by PostgreSQL's names."""
    if connection.dialect.name == "postgresql":
        return str(connection.exec_driver_sql("SHOW server_encoding").scalar())
    return "UTF8"


def clock(connection: Connection) -> datetime | None:
    """The time by the database's clock; None for SQLite, which has none of its own."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment
    return None


def size_bytes(connection: Connection) -> int | None:
    """How large the database is; None for SQLite, whose file says so."""
    if connection.dialect.name == "postgresql":
        size = select(func.pg_database_size(func.current_database()))
        return int(connection.execute(size).scalar_one())
    return None


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
        for name in [qualified(connection, table)]
        if not all(
            _asked(connection, func.has_column_privilege(name, column, privilege))
            for column in columns
        )
        or not (columns or may(connection, table, privilege))
    ]


def may(connection: Connection, table: str, privileges: str) -> bool:
    """Whether we have one of the privileges on a whole table of PostgreSQL."""
    return _asked(connection, func.has_table_privilege(qualified(connection, table), privileges))


def may_use_schema(connection: Connection, role_name: str) -> bool:
    """Whether a role of PostgreSQL may use the schema of our tables."""
    schema = schema_in_use(connection)
    return _asked(connection, func.has_schema_privilege(role_name, schema, "USAGE"))


def may_count(connection: Connection, sequence: str) -> bool:
    """Whether we may take the next number of a sequence of PostgreSQL."""
    return _asked(connection, func.has_sequence_privilege(qualified(connection, sequence), "USAGE"))


def _asked(connection: Connection, question: ColumnElement[Any]) -> bool:
    return bool(connection.execute(select(question)).scalar())


def owns(connection: Connection, table: Table) -> bool:
    """Whether this PostgreSQL user owns the table, or may do what its owner may."""
    may = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)")
    return bool(connection.scalar(may, {"name": qualified(connection, table.name)}))


def may_add(connection: Connection) -> list[str]:
    """The roles that may add to the schema and are not trusted; PUBLIC is everybody."""
    return [row.grantee for row in _untrusted(connection, _MAY_ADD)]


def planted(connection: Connection) -> list[Planted]:
    """What could be called in the schema in place of what the catalogue has by the same name.

    In the order in which it can be dropped: operators before their functions.
    """
    return [Planted(row.name, row.owner) for row in _untrusted(connection, _PLANTED)]


def owner_of_schema(connection: Connection) -> str:
    """Who can take rights on the schema away."""
    return str(connection.scalar(_OWNER, {"schema": schema_in_use(connection)}))


def _untrusted(connection: Connection, statement: TextClause) -> Sequence[Row[Any]]:
    schema = schema_in_use(connection)
    trusted = connection.scalars(_TRUSTED, {"schema": schema}).all()
    return connection.execute(statement, {"schema": schema, "trusted": trusted}).all()

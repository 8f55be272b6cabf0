"""Who else has a hand in the PostgreSQL schema of our tables: may add to it, or has."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, TextClause, text

from sync_worker.registry.dialect.path import schema_in_use

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
"""Who can do as they like with the tables anyway: superusers, and those who own them, their schema
or the database; before there are tables, whoever makes them."""
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


def may_add(connection: Connection) -> list[str]:
    """The roles that may add to the schema though nobody trusts them; PUBLIC is everybody."""
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

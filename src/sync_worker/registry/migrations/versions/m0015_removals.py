"""Log with each removal what the clinic was: its region, activation and name.

The log has every change of a registered clinic, so what one was at some time follows from what it
is now. Of a clinic that was removed since, nothing tells: later events are not logged.
"""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("change_log", sa.Column("was_active", Bytewise))
    op.add_column("change_log", sa.Column("was_named", Bytewise))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql(_SCHEMA_OF_THE_TABLES).scalar_one()
        schema = connection.dialect.identifier_preparer.quote_identifier(schema)
        statements = _postgresql(schema)
    else:
        statements = _sqlite()
    for statement in statements:
        connection.exec_driver_sql(statement)


_COLUMNS = "at, change, hsa_id, region_code, was_active, was_named, actor, reason"
# A blank stands for an activation that was never stated.
_WAS = """{row}hsa_id, {row}region_code,
    CASE WHEN {row}active IS NULL THEN '' WHEN {row}active THEN 'true' ELSE 'false' END,
    {row}name"""
_IS_REMOVED = (
    "OLD.registered_at IS NOT NULL AND (NEW.registered_at IS NULL OR OLD.hsa_id <> NEW.hsa_id)"
)
_SQLITE = """CREATE TRIGGER {name} AFTER {operation} ON clinic WHEN {condition} BEGIN
    INSERT INTO change_log ({columns})
    VALUES (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), 'removed', {was},
        COALESCE((SELECT actor FROM acting), 'sql'), (SELECT reason FROM acting));
END"""


def _sqlite() -> list[str]:
    events = (
        ("log_registration_removal", "UPDATE OF hsa_id, registered_at", _IS_REMOVED),
        ("log_registration_delete", "DELETE", "OLD.registered_at IS NOT NULL"),
    )
    statements = []
    for name, operation, condition in events:
        about = {"name": name, "operation": operation, "condition": condition}
        was = _WAS.format(row="OLD.")
        trigger = _SQLITE.format(columns=_COLUMNS, was=was, **about)
        statements += [f"DROP TRIGGER {name}", trigger]
    return statements


# Each name is qualified, or of the catalogue: whoever may add to a schema can shadow nothing here.
_SCHEMA_OF_THE_TABLES = """
SELECT nspname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid OPERATOR(pg_catalog.=) relnamespace
WHERE pg_class.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('clinic')::pg_catalog.oid
"""
_FUNCTION = """CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $log$
DECLARE
    is_named boolean := current_setting('sync_worker.transaction', true) = txid_current()::text;
    who text COLLATE "C" := coalesce(
        CASE WHEN is_named THEN nullif(current_setting('sync_worker.actor', true), '') END,
        session_user
    );
    why text := CASE WHEN is_named THEN nullif(current_setting('sync_worker.reason', true), '') END;
BEGIN
    INSERT INTO {schema}.change_log ({columns}) {rows};
    RETURN NULL;
END $log$"""
_REMOVED = "VALUES (clock_timestamp(), 'removed', {was}, who, why)"
_TRUNCATED = """SELECT clock_timestamp(), 'removed', {was}, who, why
    FROM {schema}.clinic WHERE registered_at IS NOT NULL ORDER BY hsa_id"""


def _postgresql(schema: str) -> list[str]:
    """The triggers stay, and so does who may call their functions: nobody."""
    removed = _REMOVED.format(was=_WAS.format(row="OLD."))
    functions = {
        "log_registration_removal": removed,
        "log_registration_delete": removed,
        "log_registration_truncate": _TRUNCATED.format(was=_WAS.format(row=""), schema=schema),
    }
    return [
        _FUNCTION.format(schema=schema, name=name, columns=_COLUMNS, rows=rows)
        for name, rows in functions.items()
    ]

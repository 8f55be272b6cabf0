"""Log registrations whoever writes them, and make it plain who wrote into the log.

A registration is the one truth that no topic holds. As with boards and TAK, triggers log it, so
that plain SQL is logged too. A command names its actor within its transaction alone, and on
PostgreSQL each entry also has the user who logged in, which nobody can write.
"""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("change_log", sa.Column("login", Bytewise))
    is_registration = sa.text("change IN ('registered', 'removed')")
    op.create_index(
        "ix_change_log_registration",
        "change_log",
        ["hsa_id", "id"],
        sqlite_where=is_registration,
        postgresql_where=is_registration,
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql(_SCHEMA_OF_THE_TABLES).scalar_one()
        schema = connection.dialect.identifier_preparer.quote_identifier(schema)
        statements = _postgresql(schema)
    else:
        statements = [*_BOUND_TO_THE_TRANSACTION, *map(_sqlite_trigger, _REGISTRATIONS)]
    for statement in statements:
        connection.exec_driver_sql(statement)


# change, region code, HSA-id, old value, new value; {actor} is who does it
_REGISTERED = ("registered", "NULL", "NEW.hsa_id", "NULL", "nullif(NEW.registered_by, {actor})")
_REGISTERED_BY_ANOTHER = (
    *_REGISTERED[:3],
    (
        "CASE WHEN OLD.registered_at IS NOT NULL AND OLD.hsa_id = NEW.hsa_id"
        " THEN OLD.registered_by END"
    ),
    _REGISTERED[4],
)
_REMOVED = ("removed", "NULL", "OLD.hsa_id", "NULL", "NULL")
_DELETED = ("removed", "OLD.region_code", "OLD.hsa_id", "NULL", "NULL")
"""The clinic's row does not tell its region any more."""

# trigger, operation, condition, what it logs. Only statements that name these columns fire it: the
# facts, which the worker writes, cost nothing.
_REGISTRATIONS = (
    ("log_registration_insert", "INSERT", "NEW.registered_at IS NOT NULL", _REGISTERED),
    (
        "log_registration_update",
        "UPDATE OF hsa_id, registered_at, registered_by",
        (
            "NEW.registered_at IS NOT NULL AND (OLD.hsa_id <> NEW.hsa_id"
            " OR OLD.registered_at {differs} NEW.registered_at"
            " OR OLD.registered_by {differs} NEW.registered_by)"
        ),
        _REGISTERED_BY_ANOTHER,
    ),
    (
        "log_registration_removal",
        "UPDATE OF hsa_id, registered_at",
        "OLD.registered_at IS NOT NULL AND (NEW.registered_at IS NULL OR OLD.hsa_id <> NEW.hsa_id)",
        _REMOVED,
    ),
    ("log_registration_delete", "DELETE", "OLD.registered_at IS NOT NULL", _DELETED),
)
_BOARD_SET = ("board_set", "NEW.region_code", "NULL", "NULL", "NEW.hsa_id")
_BOARD_REPLACED = ("board_set", "NEW.region_code", "NULL", "OLD.hsa_id", "NEW.hsa_id")
_BOARD_CLEARED = ("board_cleared", "OLD.region_code", "NULL", "OLD.hsa_id", "NULL")
_OWN_SYSTEM_ADDED = ("own_system_added", "NULL", "NEW.hsa_id", "NULL", "NULL")
_OWN_SYSTEM_REMOVED = ("own_system_removed", "NULL", "OLD.hsa_id", "NULL", "NULL")
_WRITTEN_BY_SUPPORT = (
    ("log_board_insert", (_BOARD_SET,)),
    ("log_board_delete", (_BOARD_CLEARED,)),
    ("log_board_update", (_BOARD_REPLACED,)),
    ("log_board_other_region", (_BOARD_CLEARED, _BOARD_SET)),
    ("log_own_system_insert", (_OWN_SYSTEM_ADDED,)),
    ("log_own_system_delete", (_OWN_SYSTEM_REMOVED,)),
    ("log_own_system_update", (_OWN_SYSTEM_REMOVED, _OWN_SYSTEM_ADDED)),
)
_TRUNCATED = (
    ("log_board_truncate", "patient_board", ("board_cleared", "region_code", "NULL", "hsa_id")),
    ("log_own_system_truncate", "own_system", ("own_system_removed", "NULL", "hsa_id", "NULL")),
    (
        "log_registration_truncate",
        "clinic WHERE registered_at IS NOT NULL",
        ("removed", "region_code", "hsa_id", "NULL"),
    ),
)

_BOUND_TO_THE_TRANSACTION = (
    "DROP TABLE acting",
    # A row is refused at the commit, since there is no such revision: so none outlives its
    # transaction. Where foreign keys are not looked at, none is taken at all.
    """CREATE TABLE acting (
        actor TEXT NOT NULL,
        reason TEXT,
        ends TEXT NOT NULL DEFAULT 'with the transaction' CHECK (ends = 'with the transaction')
            REFERENCES alembic_version (version_num) DEFERRABLE INITIALLY DEFERRED
    )""",
    """CREATE TRIGGER refuse_lasting_actor BEFORE INSERT ON acting
    WHEN (SELECT foreign_keys FROM pragma_foreign_keys) = 0
    BEGIN SELECT RAISE(ABORT, 'whoever is acting is so in one transaction, with foreign keys on');
    END""",
)
_SQLITE_ACTOR = "COALESCE((SELECT actor FROM acting), 'sql')"
_SQLITE_ENTRY = """INSERT INTO change_log
    (at, change, region_code, hsa_id, old_value, new_value, actor, reason)
    VALUES (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), '{0}', {1}, {2}, {3}, {4},
        {actor}, (SELECT reason FROM acting));"""


def _sqlite_trigger(described: tuple[str, str, str, tuple[str, ...]]) -> str:
    name, operation, condition, logged = described
    values = [value.format(actor=_SQLITE_ACTOR) for value in logged]
    return (
        f"CREATE TRIGGER {name} AFTER {operation} ON clinic"
        f" WHEN {condition.format(differs='IS NOT')}"
        f" BEGIN {_SQLITE_ENTRY.format(*values, actor=_SQLITE_ACTOR)} END"
    )


# Each name is qualified, or of the catalogue: whoever may add to a schema can shadow nothing here.
_SCHEMA_OF_THE_TABLES = """
SELECT nspname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid OPERATOR(pg_catalog.=) relnamespace
WHERE pg_class.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('clinic')::pg_catalog.oid
"""
_SAFELY = "SET search_path = pg_catalog, pg_temp"

_WHO_IS_ACTING = """
DECLARE
    is_named boolean := current_setting('sync_worker.transaction', true) = txid_current()::text;
    who text COLLATE "C" := coalesce(
        CASE WHEN is_named THEN nullif(current_setting('sync_worker.actor', true), '') END,
        session_user
    );
    why text := CASE WHEN is_named THEN nullif(current_setting('sync_worker.reason', true), '') END;
"""
_POSTGRESQL_ENTRY = """INSERT INTO {schema}.change_log
    (at, change, region_code, hsa_id, old_value, new_value, actor, reason)
    VALUES (clock_timestamp(), '{0}', {1}, {2}, {3}, {4}, who, why);"""
_POSTGRESQL_ENTRIES = """INSERT INTO {schema}.change_log
    (at, change, region_code, hsa_id, old_value, actor, reason)
    SELECT clock_timestamp(), '{0}', {1}, {2}, {3}, who, why FROM {schema}.{rows} ORDER BY 3, 4;"""


def _postgresql(schema: str) -> list[str]:
    return [
        *_login(schema),
        *_logging(schema),
        *_registrations(schema),
        _function(schema, "lock_own_system", f"LOCK TABLE {schema}.own_system IN SHARE MODE;"),
        f"DROP TABLE {schema}.acting",
    ]


def _login(schema: str) -> list[str]:
    return [
        f"""CREATE FUNCTION {schema}.set_login() RETURNS trigger LANGUAGE plpgsql {_SAFELY} AS
        $log$ BEGIN NEW.login := session_user; RETURN NEW; END $log$""",
        f"""CREATE TRIGGER set_login BEFORE INSERT ON {schema}.change_log
        FOR EACH ROW EXECUTE FUNCTION {schema}.set_login()""",
        f"ALTER TABLE {schema}.change_log ENABLE ALWAYS TRIGGER set_login",
        f"REVOKE ALL ON FUNCTION {schema}.set_login() FROM PUBLIC",
    ]


def _logging(schema: str) -> list[str]:
    """The functions that log, of registrations too; those that there are keep who may call them."""
    by_row = [*_WRITTEN_BY_SUPPORT, *((name, (logged,)) for name, _, _, logged in _REGISTRATIONS)]
    entries = {
        name: [
            _POSTGRESQL_ENTRY.format(*(v.format(actor="who") for v in values), schema=schema)
            for values in logged
        ]
        for name, logged in by_row
    }
    entries |= {
        name: [_POSTGRESQL_ENTRIES.format(*values, schema=schema, rows=rows)]
        for name, rows, values in _TRUNCATED
    }
    return [
        _function(schema, name, " ".join(some), returns="trigger", declare=_WHO_IS_ACTING)
        for name, some in entries.items()
    ]


def _registrations(schema: str) -> list[str]:
    events = [
        (name, f"AFTER {operation}", f"ROW WHEN ({condition.format(differs='IS DISTINCT FROM')})")
        for name, operation, condition, _ in _REGISTRATIONS
    ]
    events.append(("log_registration_truncate", "BEFORE TRUNCATE", "STATEMENT"))
    return [
        statement
        for name, event, each in events
        for statement in (
            (
                f"CREATE TRIGGER {name} {event} ON {schema}.clinic FOR EACH {each}"
                f" EXECUTE FUNCTION {schema}.{name}()"
            ),
            f"REVOKE ALL ON FUNCTION {schema}.{name}() FROM PUBLIC",
        )
    ]


def _function(
    schema: str, name: str, body: str, *, returns: str = "void", declare: str = ""
) -> str:
    end = "RETURN NULL; " if returns == "trigger" else ""
    return f"""CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS {returns} LANGUAGE plpgsql
    SECURITY DEFINER {_SAFELY} AS $log$ {declare} BEGIN {body} {end}END $log$"""

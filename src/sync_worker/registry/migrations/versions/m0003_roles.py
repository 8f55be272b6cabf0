"""Make the change log one that is only added to, and the schema ready for roles with few rights.

The triggers that log boards and TAK add to the log with their owner's rights, so that who writes
there needs none on the log. PostgreSQL also gets what stands between its roles.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    connection = op.get_bind()
    statements: tuple[str, ...] = _SQLITE
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql(_SCHEMA_OF_THE_TABLES).scalar_one()
        statements = _postgresql(connection.dialect.identifier_preparer.quote_identifier(schema))
    for statement in statements:
        connection.exec_driver_sql(statement)


_SQLITE = (
    """CREATE TRIGGER refuse_log_update BEFORE UPDATE ON change_log
    BEGIN SELECT RAISE(ABORT, 'the change log is only added to'); END""",
    """CREATE TRIGGER refuse_log_delete BEFORE DELETE ON change_log
    BEGIN SELECT RAISE(ABORT, 'the change log is only added to'); END""",
    # INSERT OR REPLACE takes the old row away without a word to the trigger of DELETE.
    """CREATE TRIGGER refuse_log_replace BEFORE INSERT ON change_log
    WHEN EXISTS (SELECT 1 FROM change_log WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the change log is only added to'); END""",
)

_SCHEMA_OF_THE_TABLES = """
SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = 'clinic'::regclass::oid
"""

_LOGGING_FUNCTIONS = (
    "log_board_insert",
    "log_board_delete",
    "log_board_update",
    "log_board_other_region",
    "log_own_system_insert",
    "log_own_system_delete",
    "log_own_system_update",
)


def _postgresql(schema: str) -> tuple[str, ...]:
    as_owner = f"SECURITY DEFINER SET search_path = {schema}, pg_temp"
    as_caller = f"SET search_path = {schema}, pg_temp"
    statements = [f"ALTER FUNCTION {name}() {as_owner}" for name in _LOGGING_FUNCTIONS]
    statements += [
        _function("log_board_truncate", as_owner, _BOARDS_TRUNCATED),
        _trigger("log_board_truncate", "BEFORE TRUNCATE ON patient_board"),
        _function("log_own_system_truncate", as_owner, _OWN_SYSTEMS_TRUNCATED),
        _trigger("log_own_system_truncate", "BEFORE TRUNCATE ON own_system"),
        _function("refuse_log_change", as_caller, _REFUSED),
        _trigger("refuse_log_change", "BEFORE UPDATE OR DELETE OR TRUNCATE ON change_log"),
        "ALTER TABLE change_log ENABLE ALWAYS TRIGGER refuse_log_change",
        # Nobody makes it show unregistered clinics by a function that sees rows too early.
        "ALTER VIEW complaints_clinic SET (security_barrier = true)",
        _function("lock_own_system", as_owner, _LOCKED, returns="void"),
        _function("refuse_foreign_facts", as_caller, _ONLY_WHAT_IS_HELD),
        _trigger(
            "refuse_foreign_facts",
            f"BEFORE UPDATE OF {', '.join(_FACT_COLUMNS)} ON clinic",
            f"ROW WHEN (NOT {_writes_facts('clinic', 'hsa_id')})",
        ),
        _function("refuse_held_lost", as_caller, _ONLY_OF_REMOVED),
        _trigger(
            "refuse_held_lost",
            "BEFORE DELETE ON held_fact",
            f"ROW WHEN (NOT {_writes_facts('held_fact', 'hsa_id')})",
        ),
        _function("refuse_hold_decided", as_caller, _ONLY_WITHDRAWN),
        _trigger(
            "refuse_hold_decided",
            "BEFORE UPDATE ON hold",
            f"ROW WHEN (NOT {_writes_facts('hold', 'region_code')})",
        ),
    ]
    # A trigger needs nobody's right to its function; who had it could hang it on another table.
    created = (*_LOGGING_FUNCTIONS, *_OTHER_FUNCTIONS)
    statements += [f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC" for name in created]
    return tuple(statements)


_OTHER_FUNCTIONS = (
    "log_board_truncate",
    "log_own_system_truncate",
    "refuse_log_change",
    "lock_own_system",
    "refuse_foreign_facts",
    "refuse_held_lost",
    "refuse_hold_decided",
)

_FACT_COLUMNS = (
    "active",
    "activation_time",
    "activation_sequence",
    "activation_event_id",
    "region_code",
    "region_time",
    "region_sequence",
    "region_event_id",
    "name",
    "name_time",
    "name_sequence",
    "name_event_id",
)


def _writes_facts(table: str, column: str) -> str:
    """Whether the role that runs a statement may add rows: the worker and the owner may."""
    return f"has_column_privilege('{table}'::regclass, '{column}', 'INSERT')"


def _function(name: str, rights: str, body: str, returns: str = "trigger") -> str:
    return f"""CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql {rights} AS
    $$ BEGIN {body} END $$"""


def _trigger(name: str, when: str, each: str = "STATEMENT") -> str:
    return f"CREATE TRIGGER {name} {when} FOR EACH {each} EXECUTE FUNCTION {name}()"


_REFUSED = """
RAISE EXCEPTION 'the change log is only added to' USING ERRCODE = 'insufficient_privilege';
"""

_BOARDS_TRUNCATED = """
INSERT INTO change_log (at, change, region_code, old_value, actor, reason)
SELECT clock_timestamp(), 'board_cleared', region_code, hsa_id,
    COALESCE((SELECT actor FROM acting), session_user), (SELECT reason FROM acting)
FROM patient_board ORDER BY region_code;
RETURN NULL;
"""

_OWN_SYSTEMS_TRUNCATED = """
INSERT INTO change_log (at, change, hsa_id, actor, reason)
SELECT clock_timestamp(), 'own_system_removed', hsa_id,
    COALESCE((SELECT actor FROM acting), session_user), (SELECT reason FROM acting)
FROM own_system ORDER BY hsa_id;
RETURN NULL;
"""

_LOCKED = "LOCK TABLE own_system IN SHARE MODE;"

_ONLY_WHAT_IS_HELD = """
IF NOT EXISTS (
    SELECT 1
    FROM (VALUES
        ('activation',
            OLD.active::text, OLD.activation_time, OLD.activation_sequence, OLD.activation_event_id,
            NEW.active::text, NEW.activation_time, NEW.activation_sequence, NEW.activation_event_id
        ),
        ('region',
            OLD.region_code, OLD.region_time, OLD.region_sequence, OLD.region_event_id,
            NEW.region_code, NEW.region_time, NEW.region_sequence, NEW.region_event_id
        ),
        ('name',
            OLD.name, OLD.name_time, OLD.name_sequence, OLD.name_event_id,
            NEW.name, NEW.name_time, NEW.name_sequence, NEW.name_event_id
        )
    ) AS stated (fact, old_value, old_time, old_sequence, old_event_id,
        value, time, sequence, event_id)
    WHERE (value COLLATE "C", time, sequence, event_id)
        IS DISTINCT FROM (old_value, old_time, old_sequence, old_event_id)
    AND NOT (NEW.registered_at IS NULL AND EXISTS (
        SELECT 1 FROM held_fact
        WHERE held_fact.hsa_id = NEW.hsa_id AND held_fact.fact = stated.fact
        AND (held_fact.value, held_fact.time, held_fact.sequence, held_fact.event_id)
            = (stated.value COLLATE "C", stated.time, stated.sequence, stated.event_id)
    ))
) THEN RETURN NEW; END IF;
RAISE EXCEPTION 'what is held of a removed clinic is all that this role may write of its facts'
    USING ERRCODE = 'insufficient_privilege';
"""

_ONLY_OF_REMOVED = """
IF EXISTS (
    SELECT 1 FROM clinic WHERE clinic.hsa_id = OLD.hsa_id AND clinic.registered_at IS NOT NULL
) THEN
RAISE EXCEPTION 'this role may take away what is held of a removed clinic alone'
    USING ERRCODE = 'insufficient_privilege';
END IF;
RETURN OLD;
"""

_ONLY_WITHDRAWN = """
IF NEW.status = OLD.status OR (
    OLD.status = 'open' AND NEW.status = 'withdrawn'
    AND NOT EXISTS (SELECT 1 FROM held_fact WHERE held_fact.hold_id = NEW.id)
) THEN RETURN NEW; END IF;
RAISE EXCEPTION 'this role may end a hold only as withdrawn, once nothing is left of it'
    USING ERRCODE = 'insufficient_privilege';
"""

"""The registry's first schema.

There is no way down: an older program on a newer schema is refused, and a backup is the way back.
"""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant, RowNumber

revision = "0001"
down_revision = None


def upgrade() -> None:
    _clinics()
    _written_by_support()
    _what_happened()
    _holds()
    op.execute(_VIEW)
    for statement in _trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)


def _clinics() -> None:
    op.create_table(
        "clinic",
        sa.Column("hsa_id", Bytewise, primary_key=True),
        sa.Column("active", sa.Boolean(create_constraint=True, name="ck_clinic_active")),
        *_version("activation"),
        sa.Column("region_code", Bytewise),
        *_version("region"),
        sa.Column("name", Bytewise),
        *_version("name"),
        sa.Column("registered_at", Instant),
        sa.Column("registered_by", Bytewise),
        sa.Column("updated_at", Instant),
        sa.PrimaryKeyConstraint("hsa_id", name="pk_clinic"),
        comment="Every clinic that the e-services ever named: "
        "three facts with versions, registration",
    )


def _version(fact: str) -> tuple["sa.Column[object]", ...]:
    return (
        sa.Column(f"{fact}_time", Instant),
        sa.Column(f"{fact}_sequence", Bytewise),
        sa.Column(f"{fact}_event_id", Bytewise),
    )


def _written_by_support() -> None:
    op.create_table(
        "patient_board",
        sa.Column("region_code", Bytewise, nullable=False),
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.Column("name", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("region_code", name="pk_patient_board"),
        sa.CheckConstraint("length(region_code) = 2", name="ck_patient_board_region_code"),
        comment="Written by support alone; a region's service is on exactly while it has a row",
    )
    op.create_table(
        "own_system",
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("hsa_id", name="pk_own_system"),
        sa.CheckConstraint("hsa_id = upper(trim(hsa_id))", name="ck_own_system_hsa_id"),
        comment="Clinics that handle cases in a system of their own, administered in TAK",
    )
    op.create_table(
        "acting",
        sa.Column("actor", Bytewise, nullable=False),
        sa.Column("reason", Bytewise),
        comment="Who is changing boards or TAK in this transaction, for the triggers; "
        "empty outside",
    )


def _what_happened() -> None:
    op.create_table(
        "change_log",
        sa.Column("id", RowNumber, nullable=False, autoincrement=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("change", Bytewise, nullable=False),
        sa.Column("hsa_id", Bytewise),
        sa.Column("region_code", Bytewise),
        sa.Column("old_value", Bytewise),
        sa.Column("new_value", Bytewise),
        sa.Column("actor", Bytewise),
        sa.Column("reason", Bytewise),
        sa.Column("event_id", Bytewise),
        sa.Column("stream", Bytewise),
        sa.Column("topic", Bytewise),
        sa.Column("partition", sa.Integer),
        sa.Column("record_offset", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_change_log"),
        comment="Append-only: what, old, new, when, by whom or by which record, and why",
    )
    op.create_index("ix_change_log_hsa_id", "change_log", ["hsa_id"])
    op.create_table(
        "dead_letter",
        sa.Column("id", RowNumber, nullable=False, autoincrement=True),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("stream", Bytewise, nullable=False),
        sa.Column("topic", Bytewise, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("record_offset", sa.BigInteger, nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger),
        sa.Column("key", sa.LargeBinary),
        sa.Column("value", sa.LargeBinary),
        sa.Column("headers", Bytewise, nullable=False),
        sa.Column("reason", Bytewise, nullable=False),
        sa.Column("detail", Bytewise, nullable=False),
        sa.Column("status", Bytewise, nullable=False),
        sa.Column("closed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
        sa.UniqueConstraint("stream", "topic", "partition", "record_offset", name="uq_dead_letter"),
        comment="Records set aside, byte for byte, with the reason",
    )
    op.create_index("ix_dead_letter_status", "dead_letter", ["status"])
    op.create_table(
        "position",
        sa.Column("stream", Bytewise, nullable=False),
        sa.Column("topic", Bytewise, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
        sa.Column("superseded", sa.BigInteger, nullable=False),
        sa.Column("ignored", sa.BigInteger, nullable=False),
        sa.Column("dead_lettered", sa.BigInteger, nullable=False),
        sa.Column("last_applied_at", Instant),
        sa.Column("newest_event_at", Instant),
        sa.PrimaryKeyConstraint("stream", "topic", "partition", name="pk_position"),
        comment="The next offset to read of each partition, moved in the transaction of its rows",
    )


def _holds() -> None:
    op.create_table(
        "hold",
        sa.Column("id", RowNumber, nullable=False, autoincrement=True),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("kind", Bytewise, nullable=False),
        sa.Column("region_code", Bytewise, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
        comment="Mass changes that wait for a human; one open hold a region",
    )
    is_open = sa.text("status = 'open'")
    op.create_index(
        "ix_hold_open",
        "hold",
        ["region_code"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "held_fact",
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.Column("fact", Bytewise, nullable=False),
        sa.Column(
            "hold_id",
            RowNumber,
            sa.ForeignKey("hold.id", name="fk_held_fact_hold_id"),
            nullable=False,
        ),
        sa.Column("value", Bytewise, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("sequence", Bytewise, nullable=False),
        sa.Column("event_id", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("hsa_id", "fact", name="pk_held_fact"),
        comment="Facts kept beside their clinic until the hold is approved or withdrawn",
    )


_VIEW = """
CREATE VIEW complaints_clinic AS
SELECT clinic.hsa_id, clinic.name, clinic.region_code,
    CASE
        WHEN EXISTS (SELECT 1 FROM own_system WHERE own_system.hsa_id = clinic.hsa_id)
            THEN 'own_system'
        WHEN clinic.active IS NOT TRUE THEN 'deactivated'
        WHEN NOT EXISTS (
            SELECT 1 FROM patient_board WHERE patient_board.region_code = clinic.region_code
        ) THEN 'service_off'
        ELSE 'receiving'
    END AS status
FROM clinic
WHERE clinic.registered_at IS NOT NULL
"""

# change, region code, HSA-id, old value, new value
_BOARD_SET = ("board_set", "NEW.region_code", "NULL", "NULL", "NEW.hsa_id")
_BOARD_REPLACED = ("board_set", "NEW.region_code", "NULL", "OLD.hsa_id", "NEW.hsa_id")
_BOARD_CLEARED = ("board_cleared", "OLD.region_code", "NULL", "OLD.hsa_id", "NULL")
_OWN_SYSTEM_ADDED = ("own_system_added", "NULL", "NEW.hsa_id", "NULL", "NULL")
_OWN_SYSTEM_REMOVED = ("own_system_removed", "NULL", "OLD.hsa_id", "NULL", "NULL")

# trigger, table, operation, condition, what it logs in this order
_TRIGGERS = (
    ("log_board_insert", "patient_board", "INSERT", "1 = 1", (_BOARD_SET,)),
    ("log_board_delete", "patient_board", "DELETE", "1 = 1", (_BOARD_CLEARED,)),
    (
        "log_board_update",
        "patient_board",
        "UPDATE",
        "OLD.region_code = NEW.region_code AND (OLD.hsa_id <> NEW.hsa_id OR OLD.name <> NEW.name)",
        (_BOARD_REPLACED,),
    ),
    (
        "log_board_other_region",
        "patient_board",
        "UPDATE",
        "OLD.region_code <> NEW.region_code",
        (_BOARD_CLEARED, _BOARD_SET),
    ),
    ("log_own_system_insert", "own_system", "INSERT", "1 = 1", (_OWN_SYSTEM_ADDED,)),
    ("log_own_system_delete", "own_system", "DELETE", "1 = 1", (_OWN_SYSTEM_REMOVED,)),
    (
        "log_own_system_update",
        "own_system",
        "UPDATE",
        "OLD.hsa_id <> NEW.hsa_id",
        (_OWN_SYSTEM_REMOVED, _OWN_SYSTEM_ADDED),
    ),
)

_ENTRY = """INSERT INTO change_log
    (at, change, region_code, hsa_id, old_value, new_value, actor, reason)
    VALUES ({at}, '{change}', {region_code}, {hsa_id}, {old}, {new},
        COALESCE((SELECT actor FROM acting), {who}), (SELECT reason FROM acting)); """

_SQLITE = (
    "CREATE TRIGGER {name} AFTER {operation} ON {table} WHEN {condition} BEGIN {entries} END",
)
_POSTGRESQL = (
    """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN {entries} RETURN NULL; END $$""",
    """CREATE TRIGGER {name} AFTER {operation} ON {table}
    FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}()""",
)


def _trigger_statements(dialect: str) -> list[str]:
    """Triggers that log whoever writes boards or TAK, so that plain SQL is logged too."""
    templates: tuple[str, ...]
    if dialect == "postgresql":
        templates, at, who = _POSTGRESQL, "clock_timestamp()", "session_user"
    else:
        templates, at, who = _SQLITE, "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')", "'sql'"
    statements = []
    for name, table, operation, condition, logged in _TRIGGERS:
        entries = "".join(
            _ENTRY.format(
                at=at, who=who, change=change, region_code=region, hsa_id=hsa_id, old=old, new=new
            )
            for change, region, hsa_id, old, new in logged
        )
        statements += [
            template.format(
                name=name, table=table, operation=operation, condition=condition, entries=entries
            )
            for template in templates
        ]
    return statements

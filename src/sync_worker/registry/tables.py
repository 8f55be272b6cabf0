"""The tables as the program uses them; the migrations make them, and a test holds both equal.

Only what the facts and people said is stored. Status and service-on follow from it and are derived
(`STATUS`), so that nothing can drift from what it follows from.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    case,
    exists,
    false,
    text,
)

from sync_worker.domain.clinic_status import Status
from sync_worker.registry.dialect import Bytewise, Instant, RowNumber
from sync_worker.registry.facts import FACTS

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

clinic = Table(
    "clinic",
    metadata,
    Column("hsa_id", Bytewise, primary_key=True),
    *(
        column
        for kept in FACTS.values()
        for column in (kept.value, kept.time, kept.sequence, kept.event_id)
    ),
    Column("registered_at", Instant),
    Column("registered_by", Bytewise),
    Column("updated_at", Instant),
    Index(
        "ix_clinic_registered",
        "region_code",
        sqlite_where=text("registered_at IS NOT NULL"),
        postgresql_where=text("registered_at IS NOT NULL"),
    ),
    comment="Every clinic that the e-services ever named: three facts with versions, registration",
)

patient_board = Table(
    "patient_board",
    metadata,
    Column("region_code", Bytewise, primary_key=True),
    Column("hsa_id", Bytewise, nullable=False),
    Column("name", Bytewise, nullable=False),
    CheckConstraint("length(region_code) = 2", name="ck_patient_board_region_code"),
    comment="Written by support alone; a region's service is on exactly while it has a row",
)

own_system = Table(
    "own_system",
    metadata,
    Column("hsa_id", Bytewise, primary_key=True),
    # As HSA-ids are kept: one in another spelling would not be found, and mean nothing.
    CheckConstraint("hsa_id = upper(trim(hsa_id))", name="ck_own_system_hsa_id"),
    comment="Clinics that handle cases in a system of their own, administered in TAK",
)

OF_REGISTRATIONS = text("change IN ('registered', 'removed')")
"""What the index of registrations in the change log is of, word for word."""

change_log = Table(
    "change_log",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("change", Bytewise, nullable=False),
    Column("hsa_id", Bytewise),
    Column("region_code", Bytewise),
    Column("old_value", Bytewise),
    Column("new_value", Bytewise),
    Column("actor", Bytewise),
    Column("reason", Bytewise),
    Column("event_id", Bytewise),
    Column("stream", Bytewise),
    Column("topic", Bytewise),
    Column("partition", Integer),
    Column("record_offset", BigInteger),
    Column("login", Bytewise),
    # Of a removal: what the clinic was, as its row says no longer. Blank where never stated.
    Column("was_active", Bytewise),
    Column("was_named", Bytewise),
    Index(None, "hsa_id"),
    Index(
        "ix_change_log_registration",
        "hsa_id",
        "id",
        sqlite_where=OF_REGISTRATIONS,
        postgresql_where=OF_REGISTRATIONS,
    ),
    comment="Append-only: what, old, new, when, by whom or by which record, and why",
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("received_at", Instant, nullable=False),
    Column("stream", Bytewise, nullable=False),
    Column("topic_id", Bytewise, nullable=False),
    Column("topic", Bytewise, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("digest", Bytewise, nullable=False),
    Column("timestamp_ms", BigInteger),
    Column("is_log_append_time", Boolean, nullable=False, server_default=false()),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", Bytewise, nullable=False),
    # HSA-ids, each between blanks.
    Column("named", Bytewise, nullable=False, server_default=""),
    Column("reason", Bytewise, nullable=False),
    Column("detail", Bytewise, nullable=False),
    Column("status", Bytewise, nullable=False),
    Column("closed_at", Instant),
    # Set where `value` is but the beginning of a value that was too large.
    Column("value_size", BigInteger),
    Column("value_sha256", Bytewise),
    UniqueConstraint("stream", "topic_id", "topic", "partition", "record_offset", "digest"),
    Index(None, "status"),
    comment="Records set aside, byte for byte, with the reason",
)

hold = Table(
    "hold",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("opened_at", Instant, nullable=False),
    Column("kind", Bytewise, nullable=False),
    Column("region_code", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", Bytewise, nullable=False),
    Column("closed_at", Instant),
    Column("acknowledged_at", Instant),
    Index(
        "ix_hold_open",
        "region_code",
        unique=True,
        sqlite_where=text("status = 'open'"),
        postgresql_where=text("status = 'open'"),
    ),
    comment="Mass changes that wait for a human; one open hold a region",
)

held_fact = Table(
    "held_fact",
    metadata,
    Column("hsa_id", Bytewise, primary_key=True),
    Column("fact", Bytewise, primary_key=True),
    Column("hold_id", RowNumber, ForeignKey("hold.id"), nullable=False),
    Column("value", Bytewise, nullable=False),
    Column("time", Instant, nullable=False),
    Column("sequence", Bytewise, nullable=False),
    Column("event_id", Bytewise, nullable=False),
    Index(None, "hold_id"),
    comment="Facts kept beside their clinic until the hold is approved or withdrawn",
)

approved_fact = Table(
    "approved_fact",
    metadata,
    Column("hold_id", RowNumber, ForeignKey("hold.id"), primary_key=True, autoincrement=False),
    Column("hsa_id", Bytewise, primary_key=True),
    Column("fact", Bytewise, primary_key=True),
    Column("old_value", Bytewise),
    Column("new_value", Bytewise, nullable=False),
    Column("event_id", Bytewise),
    comment="What an approved hold held, as it was approved",
)

passed_fact = Table(
    "passed_fact",
    metadata,
    Column("hold_id", RowNumber, ForeignKey("hold.id"), primary_key=True, autoincrement=False),
    Column("hsa_id", Bytewise, primary_key=True),
    Column("fact", Bytewise, primary_key=True),
    Column("old_value", Bytewise),
    Column("new_value", Bytewise, nullable=False),
    Column("event_id", Bytewise, nullable=False),
    comment="Guarded changes that took effect in a hold's region and window before it was opened",
)

guard_region = Table(
    "guard_region",
    metadata,
    Column("region_code", Bytewise, primary_key=True),
    comment="A row a region: its lock is the right to decide what waits for a person there",
)

departure = Table(
    "departure",
    metadata,
    Column("region_code", Bytewise, primary_key=True),
    Column("hsa_id", Bytewise, primary_key=True),
    Column("counted_at", Instant),
    Column("moved_at", Instant),
    comment="Registered clinics that left a region of late; counted where no person approved it",
)

departed_fact = Table(
    "departed_fact",
    metadata,
    Column("region_code", Bytewise, primary_key=True),
    Column("hsa_id", Bytewise, primary_key=True),
    Column("fact", Bytewise, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("old_value", Bytewise),
    Column("new_value", Bytewise, nullable=False),
    Column("event_id", Bytewise, nullable=False),
    comment="By which change of which fact a counted clinic left a region of late",
)

position = Table(
    "position",
    metadata,
    Column("stream", Bytewise, primary_key=True),
    Column("topic", Bytewise, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("superseded", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    Column("dead_lettered", BigInteger, nullable=False),
    Column("last_applied_at", Instant),
    Column("newest_event_at", Instant),
    Column("topic_id", Bytewise),
    # How many records at the end of those that were read are of unknown types.
    Column("unknown_in_a_row", BigInteger, nullable=False, server_default="0"),
    comment="The next offset to read of each partition, moved in the transaction of its rows",
)

unknown_type = Table(
    "unknown_type",
    metadata,
    Column("stream", Bytewise, primary_key=True),
    Column("topic", Bytewise, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("type", Bytewise, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("counted_at", Instant, nullable=False),
    comment="How many records of which unknown type were ignored; a few types a partition",
)

worker = Table(
    "worker",
    metadata,
    Column("name", Bytewise, primary_key=True),
    Column("host", Bytewise, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("version", Bytewise, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ready", Boolean, nullable=False),
    # JSON: objects with a code and a sentence.
    Column("reasons", Bytewise, nullable=False),
    Column("not_ready_since", Instant),
    # JSON: pairs of a topic and a number.
    Column("partitions", Bytewise, nullable=False),
    comment="Workers that read Kafka, as each reports every few seconds; a clean stop removes"
    " its row",
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("against", Bytewise, nullable=False),
    Column("stream", Bytewise),
    Column("as_of", Instant),
    # Codes with blanks between them; empty for the whole registry.
    Column("regions", Bytewise, nullable=False),
    Column("compared", BigInteger, nullable=False),
    # JSON: cause and number of facts.
    Column("causes", Bytewise, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("ahead", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("is_repair", Boolean, nullable=False),
    Column("repaired", BigInteger, nullable=False),
    Column("not_repaired", BigInteger, nullable=False),
    Column("actor", Bytewise, nullable=False),
    Column("reason", Bytewise),
    comment="Comparisons of the registry with a stream or an extract, finished and recorded",
)

web_session = Table(
    "web_session",
    metadata,
    # SHA-256 of the id that the browser sends: who reads the table can be nobody.
    Column("id_hash", Bytewise, primary_key=True),
    Column("actor", Bytewise, nullable=False),
    # JSON.
    Column("rights", Bytewise, nullable=False),
    # What the identity provider is shown when the person signs out there too.
    Column("id_token", Bytewise),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("idle_minutes", Integer, nullable=False),
    # JSON: results that are shown once, and what was typed.
    Column("kept", Bytewise, nullable=False, server_default="{}"),
    comment="Who is signed in to the administrators' page; signing out removes the row",
)

web_plan = Table(
    "web_plan",
    metadata,
    Column("id", Bytewise, primary_key=True),
    Column("maker", Bytewise, nullable=False),
    Column("action", Bytewise, nullable=False),
    # JSON: the region codes that the maker acted for; null where it was done nationally.
    Column("region_codes", Bytewise),
    Column("reason", Bytewise),
    Column("file_name", Bytewise),
    Column("file_digest", Bytewise),
    # JSON, packed; empty once there is a receipt.
    Column("rows", LargeBinary, nullable=False),
    # JSON: what becomes of the rows, or became of them, and of how many.
    Column("counts", Bytewise, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", Bytewise),
    # JSON, packed.
    Column("receipt", LargeBinary),
    CheckConstraint("action IN ('add', 'remove')", name="ck_web_plan_action"),
    Index(None, "maker"),
    comment="What a person has the administrators' page do to many clinics, once confirmed;"
    " then its receipt",
)

schema_history = Table(
    "schema_history",
    metadata,
    Column("revision", Bytewise, primary_key=True),
    # The revision that the oldest program was made for which runs beside this one.
    Column("compatible_from", Bytewise, nullable=False),
    Column("program_version", Bytewise, nullable=False),
    comment="Migrations as they were applied: the oldest program that runs beside each",
)

alembic_version = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True)
)
"""Alembic's own: the revision of the schema."""

REGISTERED = clinic.c.registered_at.is_not(None)
"""Whether an administrator has added the clinic."""

STATUS = case(
    (exists().where(own_system.c.hsa_id == clinic.c.hsa_id), Status.OWN_SYSTEM.value),
    (~REGISTERED, Status.NOT_REGISTERED.value),
    (clinic.c.active.is_distinct_from(True), Status.DEACTIVATED.value),
    (
        ~exists().where(patient_board.c.region_code == clinic.c.region_code),
        Status.SERVICE_OFF.value,
    ),
    else_=Status.RECEIVING.value,
)
"""The status of a row of `clinic`: `Status`, in its order. The view says the same in its own SQL,
and a test holds the two together over every combination."""

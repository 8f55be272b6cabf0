"""Registries written to by the one write path and by plain SQL, and what stands in them."""

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert, select, text, update

from sync_worker.authorship import Authorship
from sync_worker.cli.remedies import sentence_of
from sync_worker.events.record import Partition
from sync_worker.registry import schema
from sync_worker.registry.facts import FACTS
from sync_worker.registry.positions import Counts
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import change_log, clinic, dead_letter, patient_board, position
from sync_worker.streams.protocol import FetchedBatch, OffsetRange
from tests.builders import activated, deactivated, region_changed

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def name_tables_alone(engine):
    """Let tests say `clinic`: the program names its tables with their schema, and looks in none."""

    def look_in_own_schema(connection):
        connection.exec_driver_sql("SET LOCAL search_path TO public, pg_temp")

    if engine.dialect.name == "postgresql":
        event.listen(engine, "begin", look_in_own_schema)


def refuse(engine, column):
    """Have a database refuse to store an event with the id "refused" in this column."""
    with engine.begin() as connection:
        connection.execute(insert(clinic).values({"hsa_id": "-", column: "refused"}))
        connection.execute(
            text(f"CREATE UNIQUE INDEX refusing ON clinic ({column}) WHERE {column} = 'refused'")
        )


def upgrade_to(engine, revision):
    """Make the schema one of an earlier program, and say how its tables are named in a test."""
    name_tables_alone(engine)
    config = Config()
    config.set_main_option("script_location", str(schema._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def apply_batch(applier, stream, batch):
    """Apply a batch by itself."""
    return applier.apply(stream, applier.decode(batch))


def empty_log(connection):
    """Take the log's entries away between the examples of one test: nothing else ever may."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE change_log DISABLE TRIGGER USER"))
        connection.execute(delete(change_log))
        connection.execute(text("ALTER TABLE change_log ENABLE ALWAYS TRIGGER refuse_log_change"))
        return
    is_guard = "type = 'trigger' AND name = 'refuse_log_delete'"
    made = connection.scalar(text(f"SELECT sql FROM sqlite_master WHERE {is_guard}"))
    connection.execute(text("DROP TRIGGER refuse_log_delete"))
    connection.execute(delete(change_log))
    connection.execute(text(made))


BOARD = Board("01", "SE2321000016-PN01", "Patientnämnden")
ACT = Authorship("support1", "INC1", NOW)


def execute(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


STREAM = "archive:test"
CLINICS = [f"SE2321000016-T{letter}0{n}" for n, letter in enumerate("ABC")]
REGIONS = ["01", "03", "14"]


def batch_of(records, start=None):
    """A batch as a source hands it out."""
    ends = dict(start or {})
    begins: dict[Partition, int] = {}
    for read in records:
        partition = Partition(read.topic, read.partition)
        begins.setdefault(partition, ends.get(partition, 0))
        ends[partition] = read.offset + 1
    return FetchedBatch(
        tuple(records), tuple(OffsetRange(p, begins[p], ends[p]) for p in begins)
    ), ends


def apply_in_parts(applier, records, sizes):
    ends: dict[Partition, int] = {}
    rest, total = list(records), Counts()
    for size in [*sizes, len(records)]:
        part, rest = rest[:size], rest[size:]
        if part:
            batch, ends = batch_of(part, ends)
            total += apply_batch(applier, STREAM, batch).total
    return total


def rows(registry):
    """HSA-id → active, region code, name."""
    columns = (clinic.c.hsa_id, clinic.c.active, clinic.c.region_code, clinic.c.name)
    with registry.snapshot() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(select(*columns))}


def values(registry):
    """HSA-id → fact → its value, for every fact that there is."""
    columns = [kept.value.label(fact.value) for fact, kept in FACTS.items()]
    with registry.snapshot() as connection:
        found = connection.execute(select(clinic.c.hsa_id, *columns)).mappings()
        return {row["hsa_id"]: {fact.value: row[fact.value] for fact in FACTS} for row in found}


def log_of(registry):
    """What the log has of events: not the registrations by which a test began."""
    columns = (
        change_log.c.hsa_id,
        change_log.c.change,
        change_log.c.old_value,
        change_log.c.new_value,
        change_log.c.record_offset,
    )
    with registry.snapshot() as connection:
        of_events = select(*columns).where(change_log.c.change != "registered")
        return [tuple(row) for row in connection.execute(of_events.order_by(change_log.c.id))]


def registered(registry, *hsa_ids):
    with registry.transaction() as transaction:
        is_one = clinic.c.hsa_id.in_(hsa_ids)
        transaction.connection.execute(update(clinic).where(is_one).values(registered_at=NOW))
        transaction.commit()


def empty(registry):
    with registry.transaction() as transaction:
        for table in (clinic, dead_letter, position, patient_board):
            transaction.connection.execute(delete(table))
        empty_log(transaction.connection)
        transaction.commit()


minutes = st.integers(0, 5)
names = st.sampled_from([None, "Ett", "Två"])
versions = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "c"]), "sequence": st.sampled_from([None, "1", "10", "9"])}
)
events = st.one_of(
    st.builds(
        lambda h, t, v, r, n: activated(h, t, regionCode=r, name=n, **v),
        st.sampled_from(CLINICS),
        minutes,
        versions,
        st.sampled_from([None, *REGIONS]),
        names,
    ),
    st.builds(
        lambda h, t, v, n: deactivated(h, t, name=n, **v),
        st.sampled_from(CLINICS),
        minutes,
        versions,
        names,
    ),
    st.builds(
        lambda h, t, v, r: region_changed(h, t, r, **v),
        st.sampled_from(CLINICS),
        minutes,
        versions,
        st.sampled_from(REGIONS),
    ),
)
part_sizes = st.lists(st.integers(1, 4), max_size=10)
through_the_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def sentences(shown):
    """What needs attention, as the command line says it."""
    return [sentence_of(*attention) for attention in shown["attention"]]

"""What a transaction with one event costs, and what it notices all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from tests.builders import ACTIVATION, activated, numbered
from tests.worlds.registry import (
    CLINICS,
    NOW,
    STREAM,
    apply_batch,
    batch_of,
    execute,
    log_of,
    registered,
)

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.pipeline.apply import Applier
from sync_worker.registry.positions import PositionsMoved
from sync_worker.registry.schema import WrongRevision

DOCUMENTS = numbered([activated(CLINICS[0], n, name=f"Kliniken {n}") for n in range(2)])


@pytest.fixture
def applier(registry):
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
    return Applier(registry, decoder, lambda: NOW)


@pytest.fixture
def second(applier):
    """The second event of a clinic, whose first one is applied."""
    first, ends = batch_of(DOCUMENTS[:1])
    apply_batch(applier, STREAM, first)
    return batch_of(DOCUMENTS[1:], ends)[0]


def test_a_change_of_a_registered_clinic_takes_few_statements(registry, applier, second, engine):
    registered(registry, CLINICS[0])
    statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        if "search_path TO public" not in statement:  # which the tests add
            statements.append(statement)

    apply_batch(applier, STREAM, second)
    # BEGIN, positions, clinics, what else bears on them; then what is written, by one or by three.
    writes = 1 if engine.dialect.name == "postgresql" else 3
    assert len(statements) == 4 + writes, statements
    assert [entry[3] for entry in log_of(registry)] == ["Kliniken 1"]


def test_a_position_that_was_deleted_counts_as_moved(registry, applier, second, engine):
    execute(engine, "DELETE FROM position")
    with pytest.raises(PositionsMoved):
        apply_batch(applier, STREAM, second)


@pytest.mark.parametrize("change", ["clinic RENAME COLUMN name", "position RENAME COLUMN applied"])
def test_a_schema_that_no_longer_fits_is_told_as_such(applier, second, engine, change):
    execute(engine, f"ALTER TABLE {change} TO another")
    execute(engine, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongRevision, match="9999"):
        apply_batch(applier, STREAM, second)

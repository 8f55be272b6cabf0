"""The change log: only added to, and listed as it is asked for."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from tests.worlds.registry import NOW

from sync_worker.registry import change_log
from sync_worker.registry.change_log import LogEntry, LogFilter
from sync_worker.registry.tables import clinic

A, B, C = (f"SE2321000016-T{letter}01" for letter in "ABC")
UPSERT = """
INSERT INTO change_log (id, at, change) SELECT id, at, change FROM change_log WHERE true
ON CONFLICT (id) DO UPDATE SET change = 'x'
"""
REMOVED = LogEntry(NOW, "removed", hsa_id=A, actor="anna")


@pytest.fixture
def logged(registry):
    """Add entries, one every minute."""

    def call(*entries):
        with registry.transaction() as transaction:
            later = [e._replace(at=NOW + timedelta(minutes=n)) for n, e in enumerate(entries)]
            change_log.append(transaction.connection, later)
            transaction.commit()

    return call


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE change_log SET actor = 'x'",
        "UPDATE change_log SET id = id",
        "DELETE FROM change_log",
        "DELETE FROM change_log WHERE hsa_id IS NOT NULL",
        UPSERT,
    ],
)
def test_an_entry_is_changed_and_taken_away_by_nobody(registry, engine, logged, statement):
    logged(REMOVED)
    with pytest.raises(DBAPIError, match="the change log is only added to"), engine.begin() as c:
        c.execute(text(statement))
    assert [entry["change"] for entry in listed(registry)] == ["removed"]


def test_an_entry_is_replaced_by_nobody(registry, engine, logged):
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite knows the statement")
    logged(REMOVED)
    replace = (
        "INSERT OR REPLACE INTO change_log (id, at, change) SELECT id, at, 'x' FROM change_log"
    )
    with pytest.raises(DBAPIError, match="the change log is only added to"), engine.begin() as c:
        c.execute(text(replace))
    assert [entry["change"] for entry in listed(registry)] == ["removed"]


def listed(registry, **wanted):
    with registry.snapshot() as connection:
        return list(change_log.listed(connection, LogFilter(**wanted)))


@pytest.fixture
def entries(registry, engine, logged):
    """Clinic A is in region 01, B has moved from 01 to 03, C is in no region."""
    with engine.begin() as connection:
        for hsa_id, region_code in ((A, "01"), (B, "03"), (C, None)):
            connection.execute(insert(clinic).values(hsa_id=hsa_id, region_code=region_code))
    logged(
        LogEntry(NOW, "registered", hsa_id=A, actor="anna"),
        LogEntry(NOW, "moved", hsa_id=B, old_value="01", new_value="03", event_id="e"),
        LogEntry(NOW, "renamed", hsa_id=C, old_value="01", new_value="03", event_id="e"),
        LogEntry(NOW, "board_set", region_code="01", new_value="P", actor="eva"),
        LogEntry(NOW, "deactivated", hsa_id=A, old_value="true", new_value="false", event_id="e"),
        LogEntry(NOW, "positions_reset", old_value="1", new_value="0", actor="anna"),
        LogEntry(NOW, "held", hsa_id=C, old_value="01", new_value="04", event_id="e"),
    )


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"region_codes": ("01",)}, [0, 1, 3, 4, 6]),
        ({"region_codes": ("03",)}, [1]),
        ({"region_codes": ("03", "04")}, [1, 6]),
        ({"region_codes": ("05",)}, []),
        ({"hsa_ids": (A,)}, [0, 4]),
        ({"hsa_ids": (A, B)}, [0, 1, 4]),
        ({"actor": "anna"}, [0, 5]),
        ({"actor": "Anna"}, []),
        ({"since": NOW + timedelta(minutes=5)}, [5, 6]),
        ({"since": NOW + timedelta(minutes=4, microseconds=1)}, [5, 6]),
        ({"since": NOW + timedelta(minutes=7)}, []),
        ({"until": NOW + timedelta(minutes=2)}, [0, 1]),
        ({"since": NOW + timedelta(minutes=1), "until": NOW + timedelta(minutes=3)}, [1, 2]),
        ({"until": NOW}, []),
        ({"changes": ("deactivated",)}, [4]),
        ({"changes": ("held", "registered"), "region_codes": ("01",)}, [0, 6]),
        ({"region_codes": ("01",), "hsa_ids": (A,), "actor": "anna"}, [0]),
    ],
)
def test_what_is_asked_for_is_listed_the_newest_last(registry, wanted, expected):
    minutes = [(entry["at"] - NOW) / timedelta(minutes=1) for entry in listed(registry, **wanted)]
    assert minutes == expected


@pytest.mark.usefixtures("entries")
def test_the_old_and_new_of_an_activation_are_truth_values(registry):
    deactivated = listed(registry)[4]
    assert (deactivated["old"], deactivated["new"]) == (True, False)


def test_an_entry_written_by_hand_is_listed_as_it_is(registry, logged):
    logged(LogEntry(NOW, "activated", old_value="who knows"))
    assert [entry["old"] for entry in listed(registry)] == ["who knows"]


def test_entries_read_in_several_parts_are_listed_in_order(registry, logged):
    logged(*(LogEntry(NOW, "removed", hsa_id=A, reason=str(n)) for n in range(2_500)))
    assert [entry["reason"] for entry in listed(registry)] == [str(n) for n in range(2_500)]


def test_an_id_in_neither_events_nor_log_is_unknown(registry, engine, logged):
    with engine.begin() as connection:
        connection.execute(insert(clinic).values(hsa_id=A))
    logged(LogEntry(NOW, "own_system_added", hsa_id=B))
    with registry.snapshot() as connection:
        assert change_log.unknown_ids(connection, [A, B, C]) == [C]

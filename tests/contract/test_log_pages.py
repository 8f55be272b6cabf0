"""The change log by page, and what moved, the same on every database."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.worlds.registry import NOW

from sync_worker.registry import change_log, log_pages
from sync_worker.registry.change_log import LogEntry, LogFilter
from sync_worker.registry.log_pages import ClinicMove
from sync_worker.registry.tables import clinic

A, B, C, D = (f"SE2321000016-T{letter}01" for letter in "ABCD")
EVERYTHING = LogFilter()
EARLIER = NOW - timedelta(days=40)


@pytest.fixture
def logged(registry, engine):
    """Add entries, one every minute; clinics are registered, in the regions given."""

    def call(regions, *entries):
        with engine.begin() as connection:
            for hsa_id, region_code in regions.items():
                values = {"hsa_id": hsa_id, "region_code": region_code, "name": f"name {hsa_id}"}
                connection.execute(insert(clinic).values(registered_at=NOW, **values))
        with registry.transaction() as transaction:
            later = [e._replace(at=e.at + timedelta(minutes=n)) for n, e in enumerate(entries)]
            change_log.append(transaction.connection, later)
            transaction.commit()

    return call


def moved(hsa_id, old, new, at=NOW):
    return LogEntry(at, "moved", hsa_id=hsa_id, old_value=old, new_value=new, event_id="e")


@pytest.fixture
def entries(logged):
    """A is in region 01, B has moved there from 03, C is in 03."""
    logged(
        {A: "01", B: "01", C: "03"},
        LogEntry(NOW, "renamed", hsa_id=A, new_value="first", event_id="e"),
        LogEntry(NOW, "removed", hsa_id=A, actor="anna"),
        LogEntry(NOW, "removed", hsa_id=C, actor="anna"),
        moved(B, "03", "01"),
        LogEntry(NOW, "board_set", region_code="03", new_value="P", actor="eva"),
        LogEntry(NOW, "positions_reset", actor="olle"),
    )


def newest(registry, codes, wanted=EVERYTHING, **page):
    """The changes of a page, those of registrations by which the test began left out."""
    with registry.snapshot() as connection:
        found = log_pages.newest(connection, codes, wanted, **page)
    return [item["change"] for item in found.items if item["change"] != "registered"]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["01"], ["moved", "removed", "renamed"]),
        (["03"], ["board_set", "moved", "removed"]),
        (["25"], []),
        ([], []),
        (None, ["positions_reset", "board_set", "moved", "removed", "removed", "renamed"]),
    ],
)
def test_the_newest_changes_of_the_regions_come_first(registry, codes, expected):
    assert newest(registry, codes) == expected


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LogFilter(changes=("moved",)), ["moved"]),
        (LogFilter(actor="anna"), ["removed"]),
        (LogFilter(hsa_ids=(A,)), ["removed", "renamed"]),
        (LogFilter(hsa_ids=(C,)), []),
        (LogFilter(region_codes=("03",)), ["moved"]),
    ],
)
def test_a_filter_stays_within_the_regions(registry, wanted, expected):
    assert newest(registry, ["01"], wanted) == expected


def test_a_page_says_whether_older_changes_follow(registry, logged):
    logged({}, *(LogEntry(NOW, "removed", hsa_id=A, reason=str(n)) for n in range(5)))
    with registry.snapshot() as connection:
        pages = [
            log_pages.newest(connection, None, LogFilter(), offset=offset, limit=2)
            for offset in (0, 2, 4, 6)
        ]
    reasons = [[item["reason"] for item in page.items] for page in pages]
    assert reasons == [["4", "3"], ["2", "1"], ["0"], []]
    assert [page.has_more for page in pages] == [True, True, False, False]


def moves(registry, code, since=NOW - timedelta(days=30)):
    with registry.snapshot() as connection:
        return log_pages.moves(connection, code, since)


def ids(found):
    return [move.hsa_id for move in found]


def test_what_came_and_what_left_is_told_newest_first(registry, logged):
    logged(
        {A: "01", B: "01", C: "03", D: "01"},
        moved(A, "03", "01"),
        moved(B, None, "01"),
        moved(C, "01", "03"),
        moved(D, "03", "01", EARLIER),
    )
    found = moves(registry, "01")
    assert found.came == [
        ClinicMove(NOW + timedelta(minutes=1), B, f"name {B}", None, "01"),
        ClinicMove(NOW, A, f"name {A}", "03", "01"),
    ]
    assert ids(found.left) == [C]
    assert ids(moves(registry, "03").came) == [C]
    assert ids(moves(registry, "03").left) == [A]


def test_the_last_move_of_a_clinic_counts(registry, logged):
    logged(
        {A: "01", B: "14", C: "03"},
        moved(A, "01", "03"),
        moved(A, "03", "01"),
        moved(B, "01", "03"),
        moved(B, "03", "14"),
        moved(C, "14", "01"),
        moved(C, "01", "03"),
    )
    found = moves(registry, "01")
    assert (ids(found.came), ids(found.left)) == ([A], [C, B])
    assert (ids(moves(registry, "14").came), ids(moves(registry, "14").left)) == ([B], [C])


def test_a_removed_clinic_is_not_among_those_that_moved(registry, engine, logged):
    logged({}, moved(A, "03", "01"))
    with engine.begin() as connection:
        connection.execute(insert(clinic).values(hsa_id=A, region_code="01"))
    assert moves(registry, "01") == ([], [])

"""Registries lived with by everybody: events, administrators, support and operators, by the clock.

What triggers log has the database's time, so events here are applied by the same clock.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from sync_worker.administration import boards
from sync_worker.administration import clinics as administration
from sync_worker.authorship import Authorship
from sync_worker.domain.mass_change_guard import Limits
from sync_worker.registry import dialect
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import own_system, patient_board
from tests.builders import activated
from tests.worlds import guard
from tests.worlds.guard import CLINICS, OPENING, REGIONS, Stage, documents
from tests.worlds.registry import registered


class Life(Stage):
    """A registry through a number of acts, each at a time of its own."""

    def __init__(self, registry, limits):
        super().__init__(registry, limits)
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self):
        return datetime.now(UTC)

    def tick(self):
        """A moment after everything so far, and before all that comes."""
        moment = self.now()
        # Triggers of SQLite log the millisecond in which they fire.
        while self.now() < moment + timedelta(milliseconds=2):
            pass
        return moment

    def act(self, deed, about):
        """Do one of `DEEDS`."""
        DEEDS[deed](self, about)

    def approve_if_open(self, region_code):
        if any(h["region_code"] == region_code for h in self.listed("open")):
            self.approve(region_code)

    def register(self, hsa_id):
        act = Authorship("anna", "Order 17", self.now())
        (item,) = administration.do(self.registry, administration.ADD, [hsa_id], None, act)
        return item

    def put_board(self, region_code, *, is_set):
        board = Board(region_code, f"SE2321000016-PN{region_code}", "Nämnden")
        planned = boards.plan(self.registry, region_code, board if is_set else None)
        boards.put(self.registry, planned, Authorship("eva", "INC1", self.now()))

    def write(self, table, hsa_id, *, is_in):
        with self.registry.transaction() as transaction:
            act = Authorship("eva", "INC7", self.now())
            with dialect.acting(transaction.connection, act):
                if is_in:
                    dialect.insert_one(transaction.connection, table, {"hsa_id": hsa_id})
                else:
                    statement = delete(table).where(table.c.hsa_id == hsa_id)
                    transaction.connection.execute(statement)
            transaction.commit()

    def view(self):
        """What the complaints service sees: HSA-id → name, region code, status."""
        statement = text("SELECT hsa_id, name, region_code, status FROM complaints_clinic")
        with self.registry.snapshot() as connection:
            return {row[0]: tuple(row[1:]) for row in connection.execute(statement)}

    def service_on(self):
        with self.registry.snapshot() as connection:
            return sorted(connection.scalars(select(patient_board.c.region_code)))


def begun(registry, max_changes=1, percent=0):
    """A registry without a past: clinics of region 01, none registered, and one of no region."""
    with registry.transaction() as transaction:
        for table in (patient_board, own_system):
            transaction.connection.execute(delete(table))
        transaction.commit()
    guard.empty(registry)
    life = Life(registry, Limits(max_changes, percent, timedelta(minutes=60)))
    life.read([*OPENING[:-1], activated(CLINICS[-1], -1)])
    return life


DEEDS: dict[str, Any] = {
    "read": Life.read,
    "register": Life.register,
    "register by hand": lambda life, hsa_id: registered(life.registry, hsa_id),
    "remove": Life.remove,
    "into TAK": lambda life, hsa_id: life.write(own_system, hsa_id, is_in=True),
    "out of TAK": lambda life, hsa_id: life.write(own_system, hsa_id, is_in=False),
    "set board": lambda life, code: life.put_board(code, is_set=True),
    "clear board": lambda life, code: life.put_board(code, is_set=False),
    "approve": Life.approve_if_open,
}
about_clinics = st.sampled_from(
    ["register", "register", "register by hand", "remove", "into TAK", "out of TAK"]
)
deeds = st.one_of(
    st.tuples(st.just("read"), documents),
    st.tuples(about_clinics, st.sampled_from(CLINICS)),
    st.tuples(st.sampled_from(["set board", "clear board", "approve"]), st.sampled_from(REGIONS)),
)
lives = st.lists(deeds, max_size=12)

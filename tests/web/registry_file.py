"""The registry that the page shows: a region with many clinics, odd ones, and an empty region."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text

from sync_worker.administration import clinics
from sync_worker.administration.clinics import ADD
from sync_worker.authorship import Authorship
from sync_worker.registry import registrations
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.registrations import Board
from sync_worker.registry.tables import dead_letter, held_fact, hold, own_system, position
from tests.worlds.plans import known

FULL, ODD, EMPTY, OTHER = "01", "03", "04", "05"
"""Regions: 205 clinics and a board; clinics with odd names and no board; no clinic; not theirs."""
BOARD = Board(FULL, "SE2321000016-PN01", "Patientnämnden Exempel")
CLINICS = [f"SE2321000016-K{number:03}" for number in range(205)]
WAITING = "SE2321000016-VANTAR"
"""Active in the e-services, and not added."""
NOT_ADDED = ["SE2321000016-KVAR1", "SE2321000016-KVAR2"]
"""The same, and left so by every state."""
HELD = CLINICS[5]
"""Its deactivation waits for a decision."""
CLOSED = "SE2321000016-STANGD"
"""Added, and deactivated in the e-services."""
IN_TAK = "SE2321000016-TAK1"
ELSEWHERE = "SE2321000016-ANNAN"
"""Of another region."""
LONG_ID = "SE2321000024-" + "X" * 51
ODD_NAMES = {
    "SE2321000024-LANG1": "Exempelmottagningen för " + "sällanförekommandesjukdomar" * 6,
    "SE2321000024-LANG2": "W" * 200,
    "SE2321000024-KOD1": "<script>document.title='x'</script><b>Fet</b> & \"citat\"",
    "SE2321000024-RTL1": "Klinik \u202eafwd\u202c عيادة",
    "SE2321000024-BLANK": "   ",
    "SE2321000024-INGET": None,
    LONG_ID: "Mottagningen med det långa numret",
}
ADMINISTRATOR = "SE2321000016-ADM1"


def fill(path):
    """Fill an empty registry in an SQLite file."""
    registry = Registry(open_engine(f"sqlite:///{path}"))
    now = datetime.now(UTC) - timedelta(days=2)
    for number, hsa_id in enumerate(CLINICS):
        known(registry, hsa_id, name=f"Exempelvårdcentralen {number:03}")
    known(registry, WAITING, name="Exempelkliniken Hamntorget")
    known(registry, *NOT_ADDED, name="Exempelkliniken Kvarnen")
    known(registry, CLOSED, name="Exempelkliniken Bergshöjden")
    known(registry, IN_TAK, name="Exempelsjukhuset, kirurgi")
    known(registry, ELSEWHERE, region_code=OTHER, name="Exempelkliniken Dalen")
    for hsa_id, name in ODD_NAMES.items():
        known(registry, hsa_id, region_code=ODD, name=name)
    added = [*CLINICS, CLOSED, IN_TAK, *ODD_NAMES]
    author = Authorship(ADMINISTRATOR, "Beställning 17", now)
    assert {item.reason for item in clinics.do(registry, ADD, added, None, author)} == {None}
    with registry.transaction() as transaction:
        connection = transaction.connection
        registrations.set_board(connection, BOARD)
        connection.execute(insert(own_system).values(hsa_id=IN_TAK))
        connection.execute(text(f"UPDATE clinic SET active = 0 WHERE hsa_id = '{CLOSED}'"))
        for table, rows in _incident(datetime.now(UTC)).items():
            connection.execute(insert(table), rows)
        transaction.commit()
    registry.close()


def _incident(now):
    """What has been read, a hold with one clinic, and dead letters; by table."""
    counts = dict.fromkeys(("applied", "superseded", "ignored", "dead_lettered"), 1)
    read = {"stream": "s", "topic": "eservices.clinic.activation", "partition": 0}
    letter = {"topic": read["topic"], "partition": 0, "digest": "d", "stream": "s", "topic_id": ""}
    letter |= {"headers": "[]", "detail": "", "status": "open", "received_at": now}
    letter |= {"reason": "unknown_region", "value": b"{}", "record_offset": 3}
    opened = {"id": 4, "opened_at": now, "kind": "mass_change", "region_code": FULL}
    held = {"hsa_id": HELD, "fact": "activation", "hold_id": 4, "value": "false"}
    return {
        position: [
            {**read, **counts, "next_offset": 4, "newest_event_at": now, "last_applied_at": now}
        ],
        dead_letter: [letter],
        hold: [{**opened, "revision": 1, "status": "open"}],
        held_fact: [{**held, "time": now, "sequence": "", "event_id": "e"}],
    }

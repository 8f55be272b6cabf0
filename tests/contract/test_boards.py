"""Patient boards: whoever writes them, and however, the change log says so."""

from sqlalchemy import select
from tests.worlds.registry import ACT, BOARD, execute

from sync_worker.administration import boards
from sync_worker.registry.tables import change_log


def put(registry, region_code, wanted, act):
    boards.put(registry, boards.plan(registry, region_code, wanted), act)


def logged(registry):
    columns = (
        change_log.c.change,
        change_log.c.region_code,
        change_log.c.old_value,
        change_log.c.new_value,
        change_log.c.actor,
        change_log.c.reason,
    )
    with registry.snapshot() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by("id"))]


def test_a_boards_changes_are_logged_with_actor_and_ticket(registry):
    put(registry, "01", BOARD, ACT)
    put(registry, "01", BOARD._replace(hsa_id="SE2321000016-PN02"), ACT)
    put(registry, "01", None, ACT)
    one, two = "SE2321000016-PN01", "SE2321000016-PN02"
    assert logged(registry) == [
        ("board_set", "01", None, one, "support1", "INC1"),
        ("board_set", "01", one, two, "support1", "INC1"),
        ("board_cleared", "01", two, None, "support1", "INC1"),
    ]


def test_plain_sql_is_logged_alike_but_never_as_a_command(registry, engine):
    put(registry, "01", BOARD, ACT)
    execute(engine, "DELETE FROM patient_board")
    execute(engine, "INSERT INTO patient_board (region_code, hsa_id, name) VALUES ('03', 'X', 'N')")
    execute(engine, "UPDATE patient_board SET region_code = '04'")
    execute(engine, "UPDATE patient_board SET hsa_id = hsa_id")
    changes = logged(registry)[1:]
    assert [(change, region) for change, region, *_ in changes] == [
        ("board_cleared", "01"),
        ("board_set", "03"),
        ("board_cleared", "03"),
        ("board_set", "04"),
    ]
    assert all(actor not in {"support1", None} for *_, actor, _reason in changes)


def test_changes_of_tak_by_plain_sql_are_logged(registry, engine):
    execute(engine, "INSERT INTO own_system (hsa_id) VALUES ('SE2321000016-TA01')")
    execute(engine, "DELETE FROM own_system")
    assert [change for change, *_ in logged(registry)] == ["own_system_added", "own_system_removed"]


def test_setting_the_same_board_again_is_not_logged_again(registry):
    put(registry, "01", BOARD, ACT)
    put(registry, "01", BOARD, ACT)
    assert len(logged(registry)) == 1

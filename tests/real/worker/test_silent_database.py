"""A database that stops answering while the connections to it stay up."""

from tests.real.worker.stage import locked
from tests.real.worker.streams import CLINICS, REGISTERED, anything
from tests.services.waiting import until

RED_SECONDS = 15
BACK_SECONDS = 15
COMMAND_SECONDS = 60
UNHURRIED = {"KAFKA_MAX_POLL_INTERVAL_MS": "60000"}


def survived(stage, worker, fall_silent, answer):
    """The worker says so, goes on when it can, and has lost neither a record nor its place."""
    members = stage.members()
    fall_silent()
    until(lambda: "the database" in worker.reasons(), "it to say so", RED_SECONDS)
    until(lambda: "database_unavailable" in worker.output, "it to try again", COMMAND_SECONDS)
    assert "the database" in worker.reasons()
    assert worker.probe("/livez")[0] == 200
    answer()
    stage.until_ready(worker, seconds=BACK_SECONDS)
    stage.until_read(len(stage.records()))
    assert stage.members() == members
    assert stage.contents() == stage.expected(REGISTERED)
    assert worker.stop() == 0, worker.output


def test_an_idle_daemon_survives_a_database_that_is_frozen(opened, breakable_postgres):
    worker = opened.caught_up(**UNHURRIED)
    opened.until_ready(worker)
    survived(opened, worker, breakable_postgres.freeze, breakable_postgres.thaw)


def test_a_loading_daemon_survives_a_route_that_is_gone(opened, proxy):
    worker = opened.caught_up(
        DATABASE_URL=opened.through(proxy.port), BATCH_MAX_RECORDS="20", **UNHURRIED
    )
    opened.until_ready(worker)
    opened.send_events(anything(seed=71, length=2000))
    opened.until_read(opened.read() + 20)
    survived(opened, worker, proxy.flows.clear, proxy.flows.set)


READERS = (
    ("status",),
    ("clinics", "list"),
    ("clinics", "add", CLINICS[0]),
    ("clinics", "show", CLINICS[0], "--history"),
    ("regions", "list"),
    ("reconcile", "--against", "topics"),
    ("db", "upgrade"),
    ("db", "roles", "--apply"),
    ("db", "current"),
    ("positions", "list"),
)
WRITERS = (("run", "--until-idle", "0"), ("replay", "--yes"))
"""Those that wait for a lock for a shorter time."""


def test_every_command_ends_when_its_call_is_not_answered(opened, breakable_postgres):
    assert opened.finish().exit_code == 0
    with locked(opened, "LOCK TABLE clinic, position, alembic_version"):
        running = {line: opened.command(*line) for line in READERS}
        until(lambda: waiting(opened) == len(READERS), "all of them to wait", COMMAND_SECONDS)
        running |= {line: opened.command(*line, **UNHURRIED) for line in WRITERS}
        until(lambda: waiting(opened) == len(running), "the rest to wait", COMMAND_SECONDS)
        breakable_postgres.freeze()
        done = {line: one.ended(COMMAND_SECONDS) for line, one in running.items()}
        breakable_postgres.thaw()
    assert {line: one.exit_code for line, one in done.items()} == dict.fromkeys(running, 5)
    assert all("cannot be reached or used at the moment" in one.error_text for one in done.values())


def waiting(stage):
    """How many sessions of the database wait for a lock."""
    counted = stage.query(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return counted[0]["count"]

"""What happens to the database, under a worker that runs: no record is lost or set aside for it."""

import time

import psycopg
import pytest

from tests.builders import activated
from tests.real.worker.proxy import Cut
from tests.real.worker.stage import locked
from tests.real.worker.streams import CLINICS, REGISTERED, anything
from tests.services.postgres import drop_database
from tests.services.waiting import until

POLL_INTERVAL_SECONDS = 6


def passed(seconds):
    """A condition that comes true after so many seconds, from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def ended_well(stage, worker):
    """Everything is applied as it should be; the worker is still there, and ends in order."""
    stage.until_read(len(stage.records()))
    assert stage.contents() == stage.expected(REGISTERED)
    assert worker.stop() == 0, worker.output


def test_an_outage_of_three_poll_intervals_costs_no_membership(
    opened, breakable_postgres, record_property
):
    worker = opened.caught_up()
    opened.send_events(anything(seed=11, length=200))
    opened.until_read(len(opened.records()))
    members, generation, read = opened.members(), opened.generation(), opened.read()
    breakable_postgres.stop()
    opened.send_events(anything(seed=12, length=1500))
    until(lambda: "database" in worker.reasons(), "the worker to be not ready")
    until(passed(3 * POLL_INTERVAL_SECONDS), "three poll intervals to pass", 60)
    assert worker.probe("/livez")[0] == 200
    breakable_postgres.start()
    back = time.monotonic()
    opened.until_read(read + 1, seconds=10)
    record_property("seconds_until_it_flows", round(time.monotonic() - back, 2))
    opened.until_read(len(opened.records()))
    assert opened.members() == members
    assert opened.generation() == generation
    until(lambda: not worker.reasons(), "the worker to be ready")
    ended_well(opened, worker)


def test_repeated_crashes_of_the_database_cost_no_record(opened, breakable_postgres):
    opened.send_events(anything(seed=13, length=3000))
    worker = opened.start(BATCH_MAX_RECORDS="20")
    for _ in range(3):
        opened.until_read(opened.read() + 100)
        breakable_postgres.stop("immediate")
        breakable_postgres.start()
    ended_well(opened, worker)


def test_sessions_ended_by_the_server_are_opened_again(opened):
    opened.send_events(anything(seed=14, length=2000))
    worker = opened.start(BATCH_MAX_RECORDS="20")
    for _ in range(5):
        opened.until_read(opened.read() + 50)
        opened.end_sessions()
    ended_well(opened, worker)


def test_a_table_altered_under_a_worker_costs_one_attempt(opened):
    worker = opened.start(BATCH_MAX_RECORDS="1")
    for length in (30, 20, 20):
        opened.send_events(anything(seed=length, length=length))
        opened.until_read(len(opened.records()))
        # What the session has prepared returns another type since.
        opened.execute(f"ALTER TABLE position ALTER topic_id TYPE varchar({length + 70})")
    retries = worker.logged("database_unavailable")
    assert {retry["error"] for retry in retries} == {"cached plan must not change result type"}
    ended_well(opened, worker)


def test_a_commit_of_unknown_outcome_is_counted_once(opened, proxy):
    opened.send_events(anything(seed=15, length=1000))
    proxy.cut_at_commits(Cut.AFTER, Cut.BEFORE, Cut.BEFORE, Cut.AFTER, Cut.AFTER, Cut.BEFORE)
    worker = opened.start(DATABASE_URL=opened.through(proxy.port))
    until(lambda: proxy.cuts == 6, "six commits to be cut")
    ended_well(opened, worker)


def make_read_only(stage, *, is_read_only):
    """Change what new sessions are given; those that there are stay as they are."""
    name = psycopg.conninfo.conninfo_to_dict(stage.database_url)["dbname"]
    value = "on" if is_read_only else "off"
    with psycopg.connect(stage.database_url, autocommit=True) as server:
        server.execute("SET default_transaction_read_only = off")
        statement = f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}'
        server.execute(statement.encode())


@pytest.mark.parametrize("ways", ["in", "in and out"])
def test_a_database_read_only_for_a_while_is_waited_for(opened, ways):
    worker = opened.caught_up()
    make_read_only(opened, is_read_only=True)
    opened.end_sessions()
    read = opened.read()
    opened.send_events(anything(seed=16, length=300))
    until(lambda: "read-only" in worker.reasons(), "the worker to say so", 10)
    assert opened.read() == read
    make_read_only(opened, is_read_only=False)
    if ways == "in and out":
        opened.end_sessions()
    ended_well(opened, worker)


def test_a_quiet_worker_says_that_its_database_only_reads(opened):
    worker = opened.caught_up()
    opened.until_ready(worker)
    make_read_only(opened, is_read_only=True)
    opened.end_sessions()
    until(lambda: "read-only" in worker.reasons(), "the worker to say so", 15)
    make_read_only(opened, is_read_only=False)
    opened.until_ready(worker)
    ended_well(opened, worker)


class Standby:
    """A server that reads alone, as after a failover that is not done yet."""

    def __init__(self, server):
        self._server = server

    def begin(self):
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            ((folder,),) = connection.execute("SHOW data_directory").fetchall()
            connection.execute(f"COPY (SELECT 1) TO '{folder}/standby.signal'".encode())
        self._server.stop()
        self._server.start()

    def promote(self):
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            if connection.execute("SELECT pg_is_in_recovery()").fetchall() == [(True,)]:
                connection.execute("SELECT pg_promote()")


@pytest.fixture
def standby(breakable_postgres):
    """The server, to become a standby; it is promoted afterwards, if it was not yet."""
    server = Standby(breakable_postgres)
    yield server
    breakable_postgres.restore()
    server.promote()


@pytest.mark.parametrize("state", ["loading", "idle", "beginning"])
def test_a_failover_is_waited_for_until_the_standby_is_promoted(opened, standby, state):
    events = list(anything(seed=23, length=1000))
    opened.send_events(events if state == "loading" else [])
    worker = None
    if state != "beginning":
        worker = opened.start(BATCH_MAX_RECORDS="20")
        opened.until_read(60 if state == "loading" else len(opened.records()))
    standby.begin()
    worker = worker or opened.start()
    opened.send_events([] if state == "loading" else events)
    until(lambda: "read-" in worker.reasons(), "the worker to be not ready", 10)
    assert worker.process.poll() is None, worker.output
    standby.promote()
    ended_well(opened, worker)


@pytest.mark.parametrize(
    "lock",
    [
        f"SELECT * FROM clinic WHERE hsa_id = '{CLINICS[0]}' FOR UPDATE",
        "LOCK TABLE position",
    ],
)
def test_a_lock_held_beyond_a_poll_interval_is_waited_for(opened, lock):
    worker = opened.caught_up()
    members = opened.members()
    with locked(opened, lock):
        opened.send_events(anything(seed=17, length=300))
        until(passed(1.7 * POLL_INTERVAL_SECONDS), "more than a poll interval to pass", 60)
        assert worker.process.poll() is None, worker.output
    opened.until_read(len(opened.records()))
    assert opened.members() == members
    told = [entry for entry in worker.logged("database_unavailable") if "detail" in entry]
    assert "the doctor's check `locks`" in told[0]["detail"]
    ended_well(opened, worker)


def test_a_database_silent_for_a_while_is_waited_for(opened, proxy):
    worker = opened.started(
        DATABASE_URL=opened.through(proxy.port), KAFKA_MAX_POLL_INTERVAL_MS="60000"
    )
    proxy.flows.clear()
    opened.send_events(anything(seed=18, length=300))
    until(lambda: proxy.held, "the worker to wait for an answer")
    until(passed(8), "more than a session to pass", 60)
    proxy.flows.set()
    ended_well(opened, worker)


def test_a_database_restored_from_a_backup_catches_up(opened, postgres):
    opened.send_events(anything(seed=19, length=400))
    assert opened.finish().exit_code == 0
    current = opened.database_url
    name = psycopg.conninfo.conninfo_to_dict(current)["dbname"]
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}_older" TEMPLATE "{name}"'.encode())
    try:
        opened.send_events(anything(seed=20, length=400))
        assert opened.finish().json["read"] == 400
        opened.database_url = f"{current}_older"
        done = opened.finish()
        assert done.json["read"] == 400
        assert opened.contents() == opened.expected(REGISTERED)
    finally:
        opened.database_url = current
        drop_database(postgres.url, f"{name}_older")


def test_a_changed_revision_ends_the_worker_with_a_message(opened):
    worker = opened.caught_up()
    opened.execute("UPDATE alembic_version SET version_num = '9999'")
    opened.send_events(anything(seed=21, length=10))
    done = worker.ended()
    assert done.exit_code == 2
    assert "The database's schema is at revision 9999" in done.error_text
    assert opened.read() == 2 * len(CLINICS)


def test_records_refused_by_the_database_are_dead_lettered_singly(opened):
    opened.execute("ALTER TABLE clinic ADD CONSTRAINT poison CHECK (name <> 'Gift')")
    poison = [activated(CLINICS[n], 9000 + n, name="Gift", id=f"gift-{n}") for n in (1, 7, 20)]
    good = list(anything(seed=22, length=200))
    opened.send_events([*good[:100], poison[0], *good[100:150], *poison[1:], *good[150:]])
    assert opened.finish(BATCH_MAX_RECORDS="500").exit_code == 0
    letters = opened.query("SELECT value FROM dead_letter WHERE reason = 'database_rejected'")
    assert len(letters) == len(poison)
    assert all(b"Gift" in letter["value"] for letter in letters)
    assert opened.read() == len(opened.records())


def test_eleven_refused_records_end_the_worker_with_nothing_kept(opened):
    assert opened.finish().exit_code == 0
    before = opened.contents()
    opened.execute("ALTER TABLE clinic ADD CONSTRAINT poison CHECK (name <> 'Gift')")
    opened.send_events(activated(c, 9000, name="Gift", id=f"gift-{c}") for c in CLINICS[:33:3])
    done = opened.finish()
    assert done.exit_code == 1
    assert opened.contents() == before


def test_a_batch_too_slow_for_the_database_is_split(opened):
    opened.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.06); RETURN NEW; END $$"
    )
    opened.execute(
        "CREATE TRIGGER slow BEFORE UPDATE ON clinic FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    # All clinics in one statement take longer than a quarter of the poll interval.
    assert len(CLINICS) * 0.06 > POLL_INTERVAL_SECONDS / 4
    opened.send_events(anything(seed=24, length=150))
    assert opened.finish(BATCH_MAX_RECORDS="500").exit_code == 0
    assert opened.contents() == opened.expected(REGISTERED)


def test_a_worker_that_halves_again_and_again_gets_on(stage):
    """All of its tries together take longer than a poll interval."""
    stage.send_events(activated(f"SE2321000016-H{number:03}", 1) for number in range(600))
    stage.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$"
    )
    stage.execute(
        "CREATE TRIGGER slow BEFORE INSERT ON clinic FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    settings = {"KAFKA_SESSION_TIMEOUT_MS": "2000", "KAFKA_MAX_POLL_INTERVAL_MS": "3000"}
    worker = stage.start(BATCH_MAX_RECORDS="100000", **settings)
    stage.until_read(600, seconds=60)
    assert stage.contents() == stage.expected()
    assert worker.stop() == 0, worker.output

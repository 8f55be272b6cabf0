"""Calls that take long: those that may are let finish, those that may not are ended."""

import signal
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync_worker.cli.errors import as_command_error
from sync_worker.registry.dialect import COMMAND, UPGRADE, WORKER, open_engine, unanswered_seconds
from sync_worker.registry.errors import Fault, fault_of, first_line
from tests.harness.command import INSTALLED
from tests.real.roles.world import settings
from tests.real.sessions import story
from tests.real.worker.proxy import Proxy
from tests.services import processes
from tests.services.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def engine_of(database_url):
    """Opens engines with time limits."""
    engines = []

    def opened(limits):
        engines.append(open_engine(database_url, limits=limits))
        return engines[-1]

    yield opened
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("kept", ["statement", "transaction"])
def test_a_call_the_server_never_ends_is_ended_here(engine_of, kept):
    engine = engine_of(replace(WORKER, **{kept: 1.0}))
    unlimited = text("SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0")
    with engine.connect() as connection:
        connection.execute(unlimited)
        with pytest.raises(DBAPIError) as ended:
            connection.execute(text("SELECT pg_sleep(30)"))
    assert fault_of(ended.value) is Fault.TIMEOUT
    assert "not finished after" in first_line(ended.value)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert unanswered_seconds(engine) == 0


def test_a_database_silent_at_the_first_question_is_given_up(database_url, monkeypatch):
    address = psycopg.conninfo.conninfo_to_dict(database_url)
    initialize = PGDialect_psycopg.initialize

    def initialize_in_silence(dialect, connection):
        proxy.flows.clear()
        initialize(dialect, connection)

    monkeypatch.setattr(PGDialect_psycopg, "initialize", initialize_in_silence)
    with Proxy(str(address["host"]), int(str(address["port"]))) as proxy:
        engine = open_engine(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres")
        with pytest.raises(SQLAlchemyError) as ended:
            engine.connect()
        assert fault_of(ended.value) is Fault.TRANSIENT
        assert as_command_error(ended.value).exit_code == 5


def test_a_long_call_finishes_while_the_server_is_there(engine_of):
    with engine_of(UPGRADE).connect() as connection:
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(9)")) == 1


@pytest.mark.parametrize("kept", ["statement", "lock", "transaction"])
def test_a_command_that_the_server_ends_exits_with_5(database_url, sync_worker, monkeypatch, kept):
    settings(monkeypatch, database_url)
    sync_worker("db", "upgrade")
    limits = replace(COMMAND, **{kept: 0.5})
    monkeypatch.setitem(open_engine.__kwdefaults__, "limits", limits)
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE clinic")
        exit_code, said = sync_worker("clinics", "list")
    assert (exit_code, "did not finish in time" in said) == (5, True)


def test_a_suspended_command_holds_up_others_for_seconds_only(sync_worker, tmp_path, database_url):
    with pytest.MonkeyPatch.context() as patch:
        settings(patch, database_url)
        sync_worker("db", "upgrade")
        sync_worker("run", "--archive", str(story.archive(tmp_path)))
    given = tmp_path / "given.txt"
    given.write_text(f"{story.A}\n{story.B}\n{story.C}\n")
    command = [INSTALLED, "clinics", "import", given, "--yes"]
    with psycopg.connect(database_url) as other, psycopg.connect(database_url) as third:
        lock = "SELECT 1 FROM clinic WHERE hsa_id = %s FOR UPDATE"
        other.execute(lock, [story.C])
        started = processes.start(
            ["env", f"SYNC_WORKER_DATABASE_URL={database_url}", *command], tmp_path / "log"
        )
        until(lambda: somebody_waits(database_url), "the import to wait", 60)
        started.send_signal(signal.SIGSTOP)
        other.rollback()
        third.execute("SET lock_timeout = '60s'")
        third.execute(lock, [story.A])
    started.send_signal(signal.SIGCONT)
    assert started.wait(60) == 5
    assert "hint: Try again" in (tmp_path / "log").read_text()


def somebody_waits(database_url):
    with psycopg.connect(database_url) as connection:
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return connection.execute(waits).fetchall()

"""Passwords of a real PostgreSQL: read as they were meant, and told to nobody."""

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_worker.registry import schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import open_engine
from tests.harness.command import CommandLine
from tests.services import processes
from tests.services.passwords import Login
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.real
HEAD, TAIL = "Hemligt7", "S3condOrd"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(between=st.text(string.punctuation + "å %", min_size=1, max_size=4))
def test_a_password_of_any_characters_works_and_is_not_revealed(
    login: Login,
    database_url: str,
    sync_worker: CommandLine,
    between: str,
) -> None:
    name = database_url.rpartition("/")[2]
    url = f"{login(HEAD + between + TAIL)}/{name}"
    wrong = url.replace(HEAD, HEAD + "x")
    right = sync_worker("db", "current", "-o", "json", SYNC_WORKER_DATABASE_URL=url)
    debug = sync_worker("db", "current", "--debug", "-o", "json", SYNC_WORKER_DATABASE_URL=wrong)
    doctor = sync_worker("doctor", "-o", "json", SYNC_WORKER_DATABASE_URL=wrong)
    assert [done.exit_code for done in (right, debug, doctor)] == [0, 5, 3]
    told = "".join(done.stdout + done.stderr for done in (right, debug, doctor))
    assert "password authentication failed" in told
    assert not [part for part in (HEAD, TAIL) if part in told]


@pytest.mark.parametrize("form", ["{dead},{live}", "{live},{dead}"])
def test_the_server_that_takes_writes_is_found_among_several(
    postgres: PostgresServer, database_url: str, form: str
) -> None:
    before, _, rest = database_url.partition("@")
    live, _, name = rest.partition("/")
    hosts = form.format(live=live, dead=f"127.0.0.1:{processes.free_port()}")
    engine = open_engine(f"{before}@{hosts}/{name}?target_session_attrs=read-write", create=True)
    schema.upgrade(engine)
    opened = Registry(engine)
    with opened.snapshot() as connection:
        schema.require_head(connection)
    opened.close()


def test_a_server_that_takes_no_writes_is_passed_over(
    postgres: PostgresServer,
    login: Login,
    sync_worker: CommandLine,
    tmp_path: Path,
) -> None:
    url = f"{login('secret-word')}/postgres?target_session_attrs=standby"
    done = sync_worker("db", "current", "-o", "json", SYNC_WORKER_DATABASE_URL=url)
    assert done.exit_code == 5
    assert "server is not in hot standby mode" in done.error["message"]

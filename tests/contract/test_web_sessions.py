"""Sessions of the page: found by an id that the database has not, and over on time."""

from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError
from tests.worlds.registry import NOW

from sync_worker.registry import web_sessions
from sync_worker.registry.tables import web_session
from sync_worker.registry.web_sessions import Ending, StoredSession, TimedOut

RIGHTS = '{"roles": ["regional"]}'
MINUTE = timedelta(minutes=1)


def wrote(registry, do, *args, **options):
    with registry.transaction() as transaction:
        result = do(transaction.connection, *args, **options)
        transaction.commit()
    return result


def signed_in(registry, actor="anna", now=NOW, **options):
    return wrote(registry, web_sessions.create, actor, RIGHTS, now, **options)


def found(registry, session_id, now=NOW):
    session = web_sessions.find(registry, session_id, now)
    assert isinstance(session, StoredSession)
    return session


def rows(registry):
    with registry.snapshot() as connection:
        return connection.execute(select(web_session)).all()


def test_who_signed_in_is_found_by_the_id(registry):
    session = found(registry, signed_in(registry, id_token="token"))
    assert (session.actor, session.rights, session.id_token) == ("anna", RIGHTS, "token")
    assert (session.idle_minutes, session.kept) == (60, {})
    assert session.idle_ends_at == NOW + timedelta(hours=1)
    assert session.ends_at == NOW + timedelta(hours=12)


def test_the_database_never_has_the_id(registry):
    session_id = signed_in(registry)
    (row,) = rows(registry)
    assert session_id not in map(str, row)
    assert web_sessions.find(registry, row.id_hash, NOW) is None


def test_no_two_ids_are_alike_and_each_is_long(registry):
    ids = {signed_in(registry) for _ in range(5)}
    assert len(ids) == 5
    assert {len(each) for each in ids} == {43}


@pytest.mark.parametrize("session_id", ["", "made up", "\x00", "\ud800", "ö" * 5_000])
def test_what_is_no_id_finds_nobody(registry, session_id):
    signed_in(registry)
    assert web_sessions.find(registry, session_id, NOW) is None


def test_an_idle_session_is_over_after_an_hour(registry):
    session_id = signed_in(registry)
    over = web_sessions.find(registry, session_id, NOW + 60 * MINUTE)
    assert over == TimedOut("anna", 60, Ending.IDLE, {})


def test_what_is_over_stays_over(registry):
    session_id = signed_in(registry)
    for _ in range(2):
        assert isinstance(web_sessions.find(registry, session_id, NOW + 61 * MINUTE), TimedOut)
    assert rows(registry)[0].last_seen_at == NOW


def test_each_look_puts_the_end_of_idleness_off(registry):
    session_id = signed_in(registry)
    for minutes in range(0, 12 * 60, 59):
        found(registry, session_id, NOW + minutes * MINUTE)


def test_after_twelve_hours_even_a_busy_session_ends(registry):
    session_id = signed_in(registry, idle_minutes=web_sessions.LONG_IDLE_MINUTES)
    found(registry, session_id, NOW + timedelta(hours=9))
    found(registry, session_id, NOW + timedelta(hours=12) - MINUTE)
    over = web_sessions.find(registry, session_id, NOW + timedelta(hours=12))
    assert over == TimedOut("anna", 600, Ending.TOO_OLD, {})


def test_who_needs_longer_gets_ten_hours(registry):
    session_id = signed_in(registry)
    id_hash = found(registry, session_id).id_hash
    wrote(registry, web_sessions.let_idle, id_hash, web_sessions.LONG_IDLE_MINUTES)
    found(registry, session_id, NOW + timedelta(hours=9, minutes=59))


def test_a_look_is_written_once_a_minute_at_most(registry):
    session_id = signed_in(registry)
    found(registry, session_id, NOW + 0.9 * MINUTE)
    assert rows(registry)[0].last_seen_at == NOW
    found(registry, session_id, NOW + MINUTE)
    assert rows(registry)[0].last_seen_at == NOW + MINUTE


def test_a_clock_that_is_behind_takes_nothing_back(registry):
    session_id = signed_in(registry)
    found(registry, session_id, NOW + 5 * MINUTE)
    found(registry, session_id, NOW + 2 * MINUTE)
    assert rows(registry)[0].last_seen_at == NOW + 5 * MINUTE


def test_a_page_does_not_wait_for_who_is_writing(registry, engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("here nobody locks all of it")
    session_id = signed_in(registry)
    with closing(create_engine(engine.url).raw_connection()) as worker:
        worker.execute("BEGIN IMMEDIATE")
        session = found(registry, session_id, NOW + 5 * MINUTE)
        worker.rollback()
    assert session.actor == "anna"
    assert rows(registry)[0].last_seen_at == NOW
    found(registry, session_id, NOW + 6 * MINUTE)
    assert rows(registry)[0].last_seen_at == NOW + 6 * MINUTE


def test_signing_out_leaves_nothing_to_find(registry):
    session_id, other = signed_in(registry), signed_in(registry)
    wrote(registry, web_sessions.end, session_id)
    assert web_sessions.find(registry, session_id, NOW) is None
    found(registry, other)


def test_a_result_that_was_kept_is_shown_once(registry):
    session_id = signed_in(registry)
    id_hash = found(registry, session_id).id_hash
    wrote(registry, web_sessions.keep, id_hash, "result", {"added": ["Å\x00\ud800"]})
    assert found(registry, session_id).kept == {"result": {"added": ["Å\x00\ud800"]}}
    assert wrote(registry, web_sessions.take, id_hash, "result") == {"added": ["Å\x00\ud800"]}
    assert wrote(registry, web_sessions.take, id_hash, "result") is None
    assert found(registry, session_id).kept == {}


def test_what_was_typed_outlives_the_session(registry):
    session_id = signed_in(registry)
    wrote(registry, web_sessions.keep, found(registry, session_id).id_hash, "typed", "SE1")
    over = web_sessions.find(registry, session_id, NOW + 90 * MINUTE)
    assert isinstance(over, TimedOut)
    assert over.kept == {"typed": "SE1"}


def test_only_the_newest_things_are_kept(registry):
    session_id = signed_in(registry)
    id_hash = found(registry, session_id).id_hash
    for number in range(25):
        wrote(registry, web_sessions.keep, id_hash, f"{number}", number)
    assert list(found(registry, session_id).kept.values()) == list(range(5, 25))


def test_nothing_is_kept_of_a_session_that_ended(registry):
    session_id = signed_in(registry)
    id_hash = found(registry, session_id).id_hash
    wrote(registry, web_sessions.end, session_id)
    wrote(registry, web_sessions.keep, id_hash, "result", 1)
    assert rows(registry) == []


def test_old_sessions_are_forgotten_as_somebody_signs_in(registry):
    old, newer = signed_in(registry), signed_in(registry, now=NOW + timedelta(hours=2))
    signed_in(registry, now=NOW + timedelta(hours=25))
    later = NOW + timedelta(hours=25)
    assert web_sessions.find(registry, old, later) is None
    assert isinstance(web_sessions.find(registry, newer, later), TimedOut)


def test_what_no_wait_mends_is_not_taken_for_busy(registry, engine):
    session_id, other = signed_in(registry), signed_in(registry, now=NOW - MINUTE)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one ON web_session (last_seen_at)")
    found(registry, session_id, NOW + MINUTE)
    with pytest.raises(IntegrityError):
        web_sessions.find(registry, other, NOW + MINUTE)

"""Whose fault a database's error is: the world's, a record's or ours; and what is tried again."""

import sqlite3
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from sync_worker.pipeline.retry import DAEMON, INTERACTIVE, RetryPolicy, retrying
from sync_worker.registry.errors import Fault, fault_of, first_line
from sync_worker.streams.protocol import StreamRefused


def of_sqlite(code):
    cause = sqlite3.OperationalError("told by the database\nwith a second line")
    cause.sqlite_errorcode = code
    return OperationalError("INSERT …", {"secret": 1}, cause)


class Driver(Exception):
    """What a driver of PostgreSQL raises."""

    def __init__(self, sqlstate):
        super().__init__("told by the server")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (of_sqlite(sqlite3.SQLITE_BUSY), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_LOCKED), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_FULL), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_READONLY), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_IOERR_WRITE), Fault.TRANSIENT),
        (of_sqlite(sqlite3.SQLITE_CONSTRAINT_CHECK), Fault.DATA),
        (of_sqlite(sqlite3.SQLITE_TOOBIG), Fault.DATA),
        (of_sqlite(sqlite3.SQLITE_NOTADB), Fault.NOT_A_DATABASE),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), Fault.NOT_A_DATABASE),
        (of_sqlite(sqlite3.SQLITE_ERROR), Fault.BUG),
        (OperationalError("", {}, Driver("08006")), Fault.TRANSIENT),
        (OperationalError("", {}, Driver("25006")), Fault.TRANSIENT),
        (OperationalError("", {}, Driver("40P01")), Fault.TRANSIENT),
        (OperationalError("", {}, Driver("53100")), Fault.TRANSIENT),
        (OperationalError("", {}, Driver("55P03")), Fault.TRANSIENT),
        (OperationalError("", {}, Driver("57P01")), Fault.TRANSIENT),
        (DBAPIError("", {}, Driver("22001")), Fault.DATA),
        (IntegrityError("", {}, Driver("23514")), Fault.DATA),
        (DBAPIError("", {}, Driver("42601")), Fault.BUG),
        (DBAPIError("", {}, Driver("25P02")), Fault.BUG),
        (DBAPIError("", {}, Driver("55000")), Fault.BUG),
        (ValueError("not of a database"), Fault.BUG),
    ],
)
def test_each_error_is_sorted_once(error, fault):
    assert fault_of(error) is fault


AT = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (f'{AT}FATAL:  password authentication failed for user "u"', Fault.LOGIN_REFUSED),
        (f'{AT}FATAL:  no pg_hba.conf entry for host "10.0.0.2", user "u"', Fault.LOGIN_REFUSED),
        (f'{AT}FATAL:  role "u" does not exist', Fault.LOGIN_REFUSED),
        (f'{AT}FATAL:  database "d" does not exist', Fault.LOGIN_REFUSED),
        (f'{AT}FATAL:  role "u" is not permitted to log in', Fault.LOGIN_REFUSED),
        (f"{AT}fe_sendauth: no password supplied", Fault.LOGIN_REFUSED),
        (f"{AT}server does not support SSL, but SSL was required", Fault.LOGIN_REFUSED),
        (f"{AT}SSL error: certificate verify failed", Fault.LOGIN_REFUSED),
        (f'{AT}authentication method requirement "md5" failed: no', Fault.LOGIN_REFUSED),
        (f"{AT}SSL error: unexpected eof while reading", Fault.TRANSIENT),
        (f"{AT}SSL SYSCALL error: Connection reset by peer", Fault.TRANSIENT),
        (f"{AT}FATAL:  the database system is starting up", Fault.TRANSIENT),
        (f"{AT}FATAL:  sorry, too many clients already", Fault.TRANSIENT),
        (f"{AT}session is read-only", Fault.TRANSIENT),
        (f"{AT}Connection refused", Fault.TRANSIENT),
        ("failed to resolve host 'db.invalid': Name or service not known", Fault.TRANSIENT),
        ("server closed the connection unexpectedly", Fault.TRANSIENT),
    ],
)
def test_a_refused_login_is_distinguished_from_an_unavailable_server(said, fault):
    cause = psycopg.OperationalError(said)
    assert fault_of(OperationalError("", {}, cause)) is fault


def test_database_errors_are_reported_without_statements_and_values():
    assert first_line(of_sqlite(sqlite3.SQLITE_BUSY)) == "told by the database"


class Attempts:
    """Fails as told, one error after the other, then succeeds."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.made = 0
        self.slept: list[float] = []
        self.told: list[BaseException] = []

    def __call__(self):
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def tried(self, policy, is_stopping=lambda: False):
        return retrying(
            policy,
            sleep=self.slept.append,
            is_stopping=is_stopping,
            before_sleep=lambda error, _seconds: self.told.append(error),
        )(self)


FOR_EVER = RetryPolicy(give_up_after=None)
BUSY = of_sqlite(sqlite3.SQLITE_BUSY)


def test_a_transient_error_is_retried_and_reported_each_time():
    attempts = Attempts(*[BUSY] * 50)
    assert attempts.tried(FOR_EVER) == "done"
    assert attempts.told == [BUSY] * 50
    assert max(attempts.slept) <= FOR_EVER.longest_wait.total_seconds()


def test_what_does_not_pass_is_raised_at_once():
    ours = of_sqlite(sqlite3.SQLITE_ERROR)
    attempts = Attempts(ours)
    with pytest.raises(OperationalError) as raised:
        attempts.tried(FOR_EVER)
    assert raised.value is ours
    assert (attempts.made, attempts.slept) == (1, [])


def test_nobody_waits_once_a_stop_is_wanted():
    attempts = Attempts(BUSY, BUSY)
    with pytest.raises(OperationalError):
        attempts.tried(FOR_EVER, is_stopping=lambda: True)
    assert attempts.made == 1


def test_a_policy_that_gives_up_raises_the_failure_itself():
    attempts = Attempts(BUSY, BUSY)
    with pytest.raises(OperationalError) as raised:
        attempts.tried(RetryPolicy(give_up_after=timedelta(0)))
    assert raised.value is BUSY


@pytest.mark.parametrize("policy", [INTERACTIVE, DAEMON])
def test_only_a_daemon_waits_for_another_login(policy):
    attempts = Attempts(StreamRefused("no"))
    if policy is DAEMON:
        assert attempts.tried(policy) == "done"
        return
    with pytest.raises(StreamRefused):
        attempts.tried(policy)
    assert attempts.made == 1

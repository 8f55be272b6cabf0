"""Ends calls to PostgreSQL that nobody answers, and those that take longer than they may.

The driver waits for ever: for a server that is frozen, behind a route that is gone, or that cannot
end a statement. So while a call waits, a second connection asks whether anybody is there. Where
that one gets no answer either, the socket of the call is shut down, and the call fails as if its
connection had broken.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus as Status
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from sync_worker.registry.dialect.session import TimeLimits

_NO_GREETING_SECONDS = 4.0
"""A server that does not even greet by then is silent."""
_NO_ANSWER_SECONDS = 60.0
"""The same for one that greets: a pooler, which may be waiting for a session itself."""
_GOOD_FOR_SECONDS = 4.0
_LOOK_SECONDS = 0.5
_QUIET_SECONDS = 2.0
"""After so long a wait for an answer, a second connection asks whether the server is there."""
_GRACE_SECONDS = 1.0
"""How much longer than the server's own limits the client waits for it to keep them."""
_LINE = "sync_worker_line"

Driver = psycopg.Connection[Any]


class Question(Thread):
    """One question, asked by `start`."""

    def __init__(self, connect: Callable[[], Driver]) -> None:
        super().__init__(name="is-the-database-there", daemon=True)
        self._connect = connect
        self._driver: Driver | None = None
        self.asked_at = time.monotonic()
        self.is_answered = False

    def run(self) -> None:
        try:
            self._driver = self._connect()
            self._driver.execute("SELECT 1")
            self._driver.close()
        except psycopg.errors.ConnectionTimeout:
            return
        except psycopg.Error:
            pass  # a refusal is an answer too
        self.is_answered = True

    def is_overdue(self, now: float) -> bool:
        """Whether it has waited too long for an answer."""
        limit = _NO_GREETING_SECONDS if self._driver is None else _NO_ANSWER_SECONDS
        return not self.is_answered and now - self.asked_at > limit

    def is_due_again(self, now: float) -> bool:
        """Whether it was answered, and so long ago that the answer may not hold any more."""
        return self.is_answered and now - self.asked_at > _GOOD_FOR_SECONDS

    def give_up(self) -> None:
        """Stop waiting for an answer."""
        if self._driver is not None:
            shut(self._driver)


def way_to_server_of(driver: Driver, connecting: Mapping[str, Any]) -> Callable[[], Driver]:
    """What connects to the very server that a connection is to, of several in an address."""
    server: dict[str, Any] = {"host": driver.info.host, "port": driver.info.port}
    if driver.info.hostaddr:
        server["hostaddr"] = driver.info.hostaddr
    return lambda: psycopg.connect(**{**connecting, **server})


def shut(driver: Driver) -> None:
    """Have a connection's present call fail, or its next, as if the other end had gone."""
    closed = suppress(OSError, psycopg.Error)  # by its owner, in the same moment
    with closed, socket.socket(fileno=os.dup(driver.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class _Span:
    """Since when the same thing, by its number, has been seen to last; None for nothing."""

    number: int | None = None
    since: float = 0.0

    def look(self, number: int | None, now: float) -> float:
        """For how many seconds it has lasted."""
        if number != self.number:
            self.number, self.since = number, now
        return 0.0 if number is None else now - self.since


@dataclass(slots=True, eq=False)
class _Line:
    """A connection, with the numbers of the call and of the transaction that were begun last."""

    driver: Driver
    calls: int = 0
    transactions: int = 0
    waits: _Span = field(default_factory=_Span)
    """Of the call that waits for an answer."""
    lasts: _Span = field(default_factory=_Span)
    """Of the transaction that is open."""
    verdict: Exception | None = None
    """Why it was shut, if it was."""

    def look(self, now: float) -> tuple[float, float]:
        """For how many seconds a call has waited, and a transaction lasted."""
        status = self.driver.pgconn.transaction_status
        call = self.calls if status == Status.ACTIVE else None
        transaction = self.transactions if status not in {Status.IDLE, Status.UNKNOWN} else None
        return self.waits.look(call, now), self.lasts.look(transaction, now)

    @property
    def is_waiting(self) -> bool:
        """Whether a call was waiting when somebody last looked."""
        return self.waits.number is not None and not self.driver.closed

    def shut(self, verdict: Exception) -> None:
        self.verdict = verdict
        shut(self.driver)


class Watch:
    """Watches the connections of an engine, from a thread that lasts as long as they do.

    `connecting` are the driver's parameters.
    """

    def __init__(self, engine: Engine, limits: TimeLimits, connecting: Mapping[str, Any]) -> None:
        self._limits = limits
        self._connecting = connecting
        self._lines: list[_Line] = []
        self._lock = Lock()
        self._thread: Thread | None = None
        self._question: Question | None = None
        self._silent_since: float | None = None
        # Before the dialect asks its first questions, on the first connection.
        event.listen(engine, "connect", self._connected, insert=True)
        event.listen(engine, "begin", _transaction_begins)
        for begins in ("before_cursor_execute", "commit", "rollback"):
            event.listen(engine, begins, _call_begins)
        event.listen(engine, "after_cursor_execute", self._answered)
        event.listen(engine, "handle_error", _explain)

    def unanswered_seconds(self) -> float:
        """For how long the database has not answered; 0 where nothing was asked."""
        since = [line.waits.since for line in self._lines if line.is_waiting]
        if self._silent_since is not None:
            since.append(self._silent_since)
        return time.monotonic() - min(since) if since else 0.0

    def _connected(self, driver: Driver, record: Any) -> None:
        record.info[_LINE] = line = _Line(driver)
        with self._lock:
            self._lines.append(line)
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._watch, name="database-watch", daemon=True)
                self._thread.start()

    def _answered(self, *_: object) -> None:
        self._silent_since = None

    def _watch(self) -> None:
        while self._has_lines():
            time.sleep(_LOOK_SECONDS)
            with suppress(psycopg.Error):  # of a connection that is closed in the same moment
                self._look(time.monotonic())

    def _has_lines(self) -> bool:
        with self._lock:
            self._lines = [line for line in self._lines if not line.driver.closed]
            if not self._lines:
                self._thread = None
            return bool(self._lines)

    def _look(self, now: float) -> None:
        waiting = []
        for line in self._lines:
            waits_seconds, lasts_seconds = line.look(now)
            if self._is_over(waits_seconds, lasts_seconds):
                seconds = max(waits_seconds, lasts_seconds)
                line.shut(psycopg.errors.QueryCanceled(f"not finished after {seconds:.0f} s"))
            elif waits_seconds >= _QUIET_SECONDS:
                waiting.append(line)
        if waiting:
            self._ask(waiting, now)
        else:
            self._question = None  # of calls that have ended since

    def _is_over(self, waits_seconds: float, lasts_seconds: float) -> bool:
        limits = (waits_seconds, self._limits.statement), (lasts_seconds, self._limits.transaction)
        return any(limit and seconds > limit + _GRACE_SECONDS for seconds, limit in limits)

    def _ask(self, waiting: list[_Line], now: float) -> None:
        """Ask, again and again, while calls wait; shut them where nobody answers."""
        question = self._question
        if question is not None and question.is_overdue(now):
            self._silent_since = min(line.waits.since for line in waiting)
            for line in waiting:
                what = (
                    f"no answer for {now - line.waits.since:.0f} s, and none to a second connection"
                )
                line.shut(psycopg.OperationalError(what))
            question.give_up()
            self._question = None
        elif question is None or question.is_due_again(now):
            self._question = Question(way_to_server_of(waiting[0].driver, self._connecting))
            self._question.start()


def _line_of(connection: Connection | None) -> _Line | None:
    if connection is None or connection.closed or connection.invalidated:
        return None
    line: _Line | None = connection.info.get(_LINE)
    return line


def _transaction_begins(connection: Connection) -> None:
    line = _line_of(connection)
    if line is not None:
        line.transactions += 1


def _call_begins(connection: Connection, *_: object) -> None:
    line = _line_of(connection)
    if line is not None:
        line.calls += 1


def _explain(context: ExceptionContext) -> Exception | None:
    """Say of a connection that broke why we broke it, if we did."""
    line = _line_of(context.connection)
    if line is None or line.verdict is None or not context.is_disconnect:
        return None
    return OperationalError(None, None, line.verdict, connection_invalidated=True)

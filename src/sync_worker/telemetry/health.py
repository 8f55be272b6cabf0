"""Health: whether the loop is alive (`/livez`), and whether the worker is ready (`/readyz`).

It is plain values that any thread can read without a lock, so it answers while the loop is stuck.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from sync_worker.telemetry.progress import Progress

if TYPE_CHECKING:
    from sync_worker.streams.kafka.backlog import PartitionBacklog
    from sync_worker.streams.kafka.source_health import Requests, SourceHealth
    from sync_worker.telemetry.outage import Outage


class NotReady(StrEnum):
    """Why a worker is not ready: the codes that the probes, the log and the metrics share."""

    STARTING = "starting"
    """The database or Kafka was not reached yet, and no attempt has failed."""
    LOOP_STUCK = "loop_stuck"
    THREAD_ENDED = "thread_ended"
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_REFUSED = "database_refused"
    """It refuses the login."""
    DATABASE_SLOW = "database_slow"
    """It does not answer, or not in time."""
    KAFKA_UNAVAILABLE = "kafka_unavailable"
    KAFKA_REFUSED = "kafka_refused"
    """It refuses the login."""
    NOT_A_MEMBER = "not_a_member"
    NO_RECORDS = "no_records"
    """Records wait, and Kafka returns none."""


class HealthReason(NamedTuple):
    """What is wrong: a code for programs, and a sentence for people."""

    code: NotReady
    sentence: str
    since: float | None = None
    """Since when, in seconds of the clock, where that is known."""


class Failures(NamedTuple):
    """Attempts to reach the database or Kafka that failed, times in seconds of the clock."""

    total: int
    """Since the start."""
    in_a_row: int
    """How many of Kafka's were in a row: they belong to an outage that is yet to be noticed."""
    last_error: str | None
    next_at: float | None
    """When the next attempt is due."""


Reasons = list[HealthReason]
"""What is wrong; empty if all is well."""

_MAX_OPENING_SECONDS = 60.0
"""Longer than all requests of opening a source together, each of which has a timeout."""
_MAX_UNANSWERED_SECONDS = 5.0
"""If the database takes longer for one statement, records wait, whatever the cause."""
_MAX_WAITING_SECONDS = 9.0
"""How long records may wait for Kafka before the worker is not ready; it notices within 15 s."""


@dataclass(slots=True)
class Health:
    """What the loop last reported."""

    stuck_after_seconds: float
    """The longest that one iteration of the loop may take."""
    redacted: Callable[[str], str] = str
    """Applied to every reason: the text of a driver or a client may contain secrets."""
    is_opening: bool = False
    """Whether the source is being opened, which takes several requests."""
    source: Callable[[], Reasons] = list
    """What is wrong with the source; must not block."""
    source_threads: Callable[[], Reasons] = list
    """Which of the source's threads have ended; must not block."""
    backlog: "Callable[[], tuple[PartitionBacklog, ...]]" = tuple
    """How far each assigned partition is applied, as far as memory tells; must not block."""
    threads: list[Thread] = field(default_factory=list)
    """Threads that must run as long as the worker does."""
    unanswered_seconds: Callable[[], float] = float
    """For how long the database has not answered; must not block."""
    requests: "Callable[[], Requests | None]" = lambda: None
    """The requests by which Kafka is asked whether it is there; must not block."""
    is_stopping: Callable[[], bool] = lambda: False
    """Whether the worker was told to end; must not block."""
    progressed: Callable[[], None] = lambda: None
    """Called by the loop whenever it makes progress; must not block."""
    progress: Progress = field(default_factory=Progress)
    """What was done since the start."""
    outage: "Outage | None" = None
    """The outage that lasts, as of the last second."""
    catch_up_seconds: float | None = None
    """How long until the lag is 0 at the present rate; None where that is not known."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """Which worker this is."""
    clock: Callable[[], float] = time.time
    started_at: float = field(default_factory=time.time)
    """In seconds of the clock."""
    _progress_at: float = field(default_factory=time.monotonic)
    _attempts: Failures = Failures(0, 0, None, None)  # noqa: RUF009 - immutable
    _database_error: HealthReason | None = None
    _login_at: float | None = None
    _was_database_used: bool = False
    _has_kafka_failed: bool = False

    def made_progress(self) -> None:
        """The loop is making progress; a retry counts."""
        self._progress_at = time.monotonic()
        self.progressed()

    def stood_still(self, seconds: float) -> None:
        """The whole process stood still for so long, which the loop is not to blame for."""
        self._progress_at = min(self._progress_at + seconds, time.monotonic())

    def database_used(
        self, error: str | None = None, code: NotReady = NotReady.DATABASE_UNAVAILABLE
    ) -> None:
        """The database was used, or the attempt failed."""
        self._was_database_used = True
        if error is None:
            self._database_error = None
            return
        former = self._database_error
        since = self.clock() if former is None else former.since
        sentence = f"the database cannot be used: {error}"
        self._database_error = HealthReason(code, sentence, since)

    def attempt_failed(self, error: str, wait_seconds: float) -> None:
        """An attempt to use the database or to open Kafka failed; the next follows so soon."""
        next_at = self.clock() + wait_seconds
        self._attempts = Failures(self._attempts.total + 1, 0, error, next_at)

    def login_refused(self, wait_seconds: float) -> None:
        """The database refused the login, and is asked again after so long."""
        self._login_at = self.clock() + wait_seconds

    def failures(self) -> Failures:
        """The attempts that failed so far, those of the source included."""
        attempts, requests = self._attempts, self.requests()
        error = self._database_error
        if error is not None and error.code is NotReady.DATABASE_REFUSED and self._login_at:
            attempts = attempts._replace(next_at=self._login_at)
        if requests is None:
            return attempts._replace(last_error=self._masked(attempts.last_error))
        is_silent = requests.failed_in_a_row > 0
        return Failures(
            attempts.total + requests.failed,
            requests.failed_in_a_row,
            self._masked(requests.last_error if is_silent else attempts.last_error),
            requests.next_at if is_silent else attempts.next_at,
        )

    def kafka_failed(self) -> None:
        """An attempt to open Kafka has failed."""
        self._has_kafka_failed = True

    def await_kafka(self, refusal: Callable[[], str | None]) -> None:
        """Kafka is yet to be reached; `refusal` says why it refuses the login, if it does."""
        self.source = lambda: [
            _unreached_kafka(refusal(), self.started_at, has_failed=self._has_kafka_failed)
        ]

    def follow(self, source: "Callable[[], SourceHealth]") -> None:
        """Include the health of a Kafka source from now on."""
        self.source = lambda: _source_reasons(source())
        self.source_threads = lambda: _ended_threads(source())
        self.backlog = lambda: source().backlog
        self.requests = lambda: source().requests

    def alive(self) -> Reasons:
        """Why a supervisor should restart the process; empty if it should not."""
        silent_seconds = time.monotonic() - self._progress_at
        is_stuck = silent_seconds > max(
            self.stuck_after_seconds, _MAX_OPENING_SECONDS * self.is_opening
        )
        loop = f"the loop has made no progress for {silent_seconds:.0f} s"
        since = self.clock() - silent_seconds
        stuck = [HealthReason(NotReady.LOOP_STUCK, loop, since)] if is_stuck else []
        ended = [
            HealthReason(NotReady.THREAD_ENDED, f"the thread {thread.name} has ended")
            for thread in self.threads
            if not thread.is_alive()
        ]
        return self._redacted([*stuck, *ended, *self.source_threads()])

    def ready(self) -> Reasons:
        """Why the worker does not keep the registry up to date at the moment; empty if it does."""
        return self.alive() + self._redacted(self._database_reasons() + self.source())

    def _database_reasons(self) -> Reasons:
        reasons = []
        if not self._was_database_used:
            sentence = "the database was not reached yet"
            reasons.append(HealthReason(NotReady.STARTING, sentence, self.started_at))
        error = self._database_error
        if error is not None:
            reasons.append(error)
        unanswered_seconds = self.unanswered_seconds()
        if unanswered_seconds > _MAX_UNANSWERED_SECONDS:
            silence = f"the database has not answered for {unanswered_seconds:.0f} s"
            since = self.clock() - unanswered_seconds
            reasons.append(HealthReason(NotReady.DATABASE_SLOW, silence, since))
        return reasons

    def _masked(self, text: str | None) -> str | None:
        return None if text is None else self.redacted(text)

    def _redacted(self, reasons: Reasons) -> Reasons:
        return [reason._replace(sentence=self.redacted(reason.sentence)) for reason in reasons]


def _unreached_kafka(refusal: str | None, since: float, *, has_failed: bool) -> HealthReason:
    if refusal is not None:
        return HealthReason(NotReady.KAFKA_REFUSED, refusal, since)
    code = NotReady.KAFKA_UNAVAILABLE if has_failed else NotReady.STARTING
    return HealthReason(code, "Kafka was not reached yet", since)


def _source_reasons(source: "SourceHealth") -> Reasons:
    reasons = []
    if source.refusal is not None:
        reasons.append(HealthReason(NotReady.KAFKA_REFUSED, source.refusal))
    elif not source.is_reachable:
        sentence, since = "Kafka does not answer", source.requests.answered_at
        reasons.append(HealthReason(NotReady.KAFKA_UNAVAILABLE, sentence, since))
    if not source.is_member:
        sentence = "this worker is not, or not yet, a stable member of its group"
        reasons.append(HealthReason(NotReady.NOT_A_MEMBER, sentence))
    elif source.waiting_seconds > _MAX_WAITING_SECONDS:
        sentence = f"records have waited for {source.waiting_seconds:.0f} s: Kafka returns none"
        since = time.time() - source.waiting_seconds
        reasons.append(HealthReason(NotReady.NO_RECORDS, sentence, since))
    return reasons


def _ended_threads(source: "SourceHealth") -> Reasons:
    if source.failure is None:
        return []
    sentence = f"the watch of the topics has ended: {source.failure!r}"
    return [HealthReason(NotReady.THREAD_ENDED, sentence)]

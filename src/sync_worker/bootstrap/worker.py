"""The worker, and what tells of it: the log, the metrics, the probes and the watchdog."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from structlog.typing import FilteringBoundLogger

import sync_worker
from sync_worker import bootstrap
from sync_worker.bootstrap.listening import not_listening
from sync_worker.bootstrap.operations import decoder
from sync_worker.bootstrap.registry import (
    describe_database,
    limits,
    regions,
    worker_login,
    worker_registry,
)
from sync_worker.bootstrap.streams import kafka_settings, topics
from sync_worker.config.settings import Settings
from sync_worker.inspection.attention import Attention, attention_to_holds
from sync_worker.inspection.status import counts_item
from sync_worker.pipeline.apply import Applier
from sync_worker.pipeline.retry import DAEMON, INTERACTIVE
from sync_worker.pipeline.transaction_buffer import TransactionLimits
from sync_worker.pipeline.worker import Worker
from sync_worker.registry import dialect, guard_state
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect.engine import Login
from sync_worker.registry.errors import first_line
from sync_worker.remedies import Remedy
from sync_worker.streams.kafka.source import KafkaSource
from sync_worker.telemetry.catalogue import of_worker
from sync_worker.telemetry.descriptor_log import DescriptorLog
from sync_worker.telemetry.dropped_lines import DroppedLines
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.http import HttpServer
from sync_worker.telemetry.listener import TelemetryListener
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.metrics import Metrics
from sync_worker.telemetry.readiness import ReadinessLog
from sync_worker.telemetry.redaction import Redaction
from sync_worker.telemetry.reporter import Identity, Reporter, reported
from sync_worker.telemetry.sampler import Sampler
from sync_worker.telemetry.service_manager import ServiceManager, ServiceReport
from sync_worker.telemetry.watchdog import watched


class WorkerProcess(NamedTuple):
    """A worker, its registry, and what tells of it."""

    worker: Worker
    registry: Registry
    login: Login
    settings: Settings
    log: FilteringBoundLogger
    health: Health
    metrics: Metrics
    listener: TelemetryListener
    sampler: Sampler

    def kafka_opener(self) -> Callable[[], KafkaSource]:
        """What opens Kafka as a source, and lets the probes see how it is.

        Raises:
            UserError: Kafka is not configured.
        """
        kafka = kafka_settings(
            self.settings,
            self.listener.retries.kafka_refused,
            has_archive_option=True,
            client_id=f"{bootstrap.PROGRAM}-{bootstrap.worker_name(self.settings)}",
        )

        def open_source() -> KafkaSource:
            self.health.is_opening = True
            try:
                source = KafkaSource(kafka)
            finally:
                self.health.is_opening = False
                self.health.made_progress()
            self.health.follow(lambda: source.health)
            self.sampler.follow(lambda: source.health)
            if source.topics_without_id:
                self.log.warning(
                    LogEvent.TOPICS_WITHOUT_ID,
                    topics=source.topics_without_id,
                    detail="the brokers give no ids: it goes unnoticed when a topic is re-created",
                )
            return source

        self.health.await_kafka(kafka.connection_errors.describe_refusal)
        return open_source

    def counts(self) -> dict[str, int]:
        """What became of the records so far, in the form of `run`."""
        return counts_item(self.worker.total)

    def holds(self) -> tuple[int, list[Attention]]:
        """How many holds are open, and what a person should know of holds."""
        with self.registry.snapshot() as connection:
            return guard_state.count_open(connection), attention_to_holds(connection)

    @contextmanager
    def lifetime(self, signal_received: Callable[[], str | None]) -> Iterator[None]:
        """Log that the worker starts and that it has stopped, and why."""
        self.log.info(LogEvent.STARTED, **self._described())
        try:
            yield
        except BaseException as error:
            self._say_stopped("error", error=f"{type(error).__name__}: {first_line(error)}")
            raise
        self.say_stopped(signal_received())

    def say_stopped(self, signal_name: str | None, *, is_finished: bool = True) -> None:
        """Log the end: by a signal, or because there was nothing more to read.

        Without `is_finished` a transaction could not be finished in time, and is read again.
        """
        why = "until_idle" if signal_name is None else "signal"
        self._say_stopped(why, signal=signal_name, is_finished=is_finished)

    def _say_stopped(self, why: str, **fields: object) -> None:
        uptime = round(time.time() - self.health.started_at, 1)
        outcomes = self.health.progress.outcomes()
        self.log.info(LogEvent.STOPPED, why=why, uptime_seconds=uptime, **outcomes, **fields)

    def _described(self) -> dict[str, object]:
        """What the worker is, reads and writes; no secret is among it."""
        settings = self.settings
        return {
            "python": platform.python_version(),
            "pid": os.getpid(),
            "database": describe_database(settings.database_url),
            "bootstrap_servers": settings.kafka_bootstrap_servers,
            "topics": topics(settings),
            "group": settings.kafka_group_id,
        }

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Report to the database how the worker is, by a connection that has nothing else to do."""
        identity = Identity(
            bootstrap.worker_name(self.settings),
            bootstrap.host(),
            os.getpid(),
            sync_worker.__version__,
        )
        name = _application(self.settings)
        with (
            worker_registry(self.settings, name, self.login, dialect.REPORT) as registry,
            reported(Reporter(registry, identity, self.health, self.log)),
        ):
            yield

    @contextmanager
    def probed(self, dropped_lines: Callable[[], int] = lambda: 0) -> Iterator[None]:
        """Serve health and metrics, and end the process where the loop is stuck for good.

        `dropped_lines` is how many lines of the log went nowhere so far.
        """
        with ExitStack() as stack:
            if self.settings.http_port != 0:
                stack.enter_context(self.sampler.running())
                server = _http_server(self.settings, self.health, self.metrics)
                stack.callback(server.close)
                self.health.threads.append(server.thread)
            manager = ServiceManager()
            self.health.progressed = manager.feed_watchdog
            stack.callback(manager.tell, STOPPING=1)
            readiness = ReadinessLog(self.log, self.health)
            report = ServiceReport(manager, self.health)
            counter = self.metrics.series.counter(of_worker.LINES_DROPPED)
            dropped = DroppedLines(self.log, dropped_lines, counter)

            descriptors = DescriptorLog(self.log)

            def update() -> None:
                dropped.update()
                descriptors.update()
                readiness.update()
                report.update()

            stack.enter_context(watched(self.health, update, self.log))
            yield


@contextmanager
def running(
    settings: Settings, log: FilteringBoundLogger, redaction: Redaction, *, is_daemon: bool
) -> Iterator[WorkerProcess]:
    """A worker that is ready to run; a daemon waits for ever for what is unavailable.

    Raises:
        MissingDatabase: there is no such SQLite file.
    """
    health = Health(settings.kafka_max_poll_interval_ms / 1000, redaction)
    metrics = Metrics(topics(settings))
    health.identity = bootstrap.identity(bootstrap.worker_name(settings))
    listener = TelemetryListener(log, metrics, health)
    login = worker_login(settings, listener.retries.database_refused)
    with worker_registry(settings, _application(settings), login) as registry:
        health.unanswered_seconds = registry.unanswered_seconds
        applier = Applier(registry, decoder(settings), bootstrap.now, limits(settings))
        policy = DAEMON if is_daemon else INTERACTIVE
        transaction_limits = TransactionLimits(settings.batch_max_records)
        worker = Worker(registry, applier, listener, policy, transaction_limits)
        health.is_stopping = lambda: worker.is_stopping
        sampler = Sampler(metrics, health, registry, regions(settings), log)
        yield WorkerProcess(
            worker, registry, login, settings, log, health, metrics, listener, sampler
        )


def _application(settings: Settings) -> str:
    return f"{bootstrap.PROGRAM} {bootstrap.worker_name(settings)}"


def _http_server(settings: Settings, health: Health, metrics: Metrics) -> HttpServer:
    try:
        return HttpServer(settings.http_host, settings.http_port, health, metrics.registry)
    except OSError as error:
        raise not_listening(
            settings.http_host,
            settings.http_port,
            error,
            why="Health and metrics are served there.",
            hint=Remedy.USE_FREE_HTTP_PORT(),
        ) from None

"""What surrounds the worker while it reads Kafka: the HTTP port, and the watchdog."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, Timer

from structlog.typing import FilteringBoundLogger

from sync_worker import bootstrap
from sync_worker.config.settings import Settings
from sync_worker.errors import Exit, UserError
from sync_worker.login_backoff import Tell
from sync_worker.printable import printable_line
from sync_worker.streams.kafka.source import KafkaSource
from sync_worker.telemetry.health import Health, Readiness, Reasons
from sync_worker.telemetry.http import Port
from sync_worker.telemetry.metrics import Metrics

_LOOK_SECONDS = 1.0
_LONGEST_STANDSTILL_SECONDS = 9.0
"""How long records may wait before a probe is told; it is told of any silence within 15."""
_LAST_WORDS_SECONDS = 1.0


def opener(
    settings: Settings, health: Health, log: FilteringBoundLogger, tell: Tell
) -> Callable[[], KafkaSource]:
    """What opens the source, and lets probes see how it is; `tell` hears of refused logins."""
    kafka = bootstrap.streams.kafka(settings, tell, has_archive_option=True)

    def open_source() -> KafkaSource:
        health.is_opening = True
        try:
            source = KafkaSource(kafka)
        finally:
            health.is_opening = False
            health.went_round()
        health.source = lambda: _reasons(source)
        health.source_threads = lambda: _ended(source)
        if source.topics_without_id:
            log.warning(
                "topics_without_id",
                topics=source.topics_without_id,
                detail="the brokers tell no ids: a topic that is created again cannot be told",
            )
        return source

    health.source = lambda: [
        kafka.connection_errors.describe_refusal() or "Kafka was not reached yet"
    ]
    return open_source


@contextmanager
def watched(
    settings: Settings, health: Health, metrics: Metrics, readiness: Readiness
) -> Iterator[None]:
    """Serve health and metrics, and end the process where the loop is stuck for good."""
    port = _port(settings, health, metrics)
    is_over = Event()
    watch = Thread(target=_watch, args=(health, readiness, is_over), name="watchdog", daemon=True)
    watch.start()
    health.threads += [watch, *([] if port is None else [port.thread])]
    try:
        yield
    finally:
        health.threads.clear()
        is_over.set()
        watch.join(_LOOK_SECONDS)  # what it tells comes before how the process ends
        if port is not None:
            port.close()


def _port(settings: Settings, health: Health, metrics: Metrics) -> Port | None:
    if settings.http_port == 0:
        return None
    try:
        return Port(settings.http_host, settings.http_port, health, metrics.registry)
    except OSError as error:
        raise UserError(
            Exit.USAGE,
            f"{_place(settings)} cannot be listened on: {error.strerror}.",
            why="Health and metrics are served there.",
            hint="Set SYNC_WORKER_HTTP_PORT to a free port, or to 0 to serve none.",
            code="configuration",
        ) from None


def _place(settings: Settings) -> str:
    host = settings.http_host
    return f"[{host}]:{settings.http_port}" if ":" in host else f"{host}:{settings.http_port}"


def _reasons(source: KafkaSource) -> Reasons:
    health = source.health
    is_well = health.is_reachable and health.refusal is None
    reasons = [] if is_well else [health.refusal or "Kafka does not answer"]
    if not health.is_member:
        reasons.append("this worker is not, or not yet, a stable member of its group")
    elif health.waiting_seconds > _LONGEST_STANDSTILL_SECONDS:
        reasons.append(f"records have waited for {health.waiting_seconds:.0f} s: Kafka gives none")
    return reasons


def _ended(source: KafkaSource) -> Reasons:
    failure = source.health.failure
    return [] if failure is None else [f"the watch of the topics has ended: {failure!r}"]


def _watch(health: Health, readiness: Readiness, is_over: Event) -> None:
    """The last resort: a supervisor starts anew what hangs in a way that nobody foresaw."""
    while not is_over.wait(_LOOK_SECONDS):
        readiness.look()
        for reason in health.alive():
            # Who reads the log may hang as well.
            Timer(_LAST_WORDS_SECONDS, os._exit, [Exit.UNEXPECTED]).start()
            sys.stderr.write(f"{printable_line(reason)}: the process ends, to be started anew\n")
            sys.stderr.flush()
            os._exit(Exit.UNEXPECTED)

"""The messages to systemd, on real sockets of both kinds."""

import os
import socket

import pytest

from sync_worker.telemetry.health import Health
from sync_worker.telemetry.service_manager import ServiceManager, ServiceReport


@pytest.fixture
def ear(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind(str(tmp_path / "notify"))
        opened.setblocking(False)
        yield opened


def heard(ear):
    messages = []
    while True:
        try:
            messages.append(ear.recv(65536).decode())
        except BlockingIOError:
            return messages


def manager(ear, clock=lambda: 0.0, **environ):
    return ServiceManager({"NOTIFY_SOCKET": ear.getsockname(), **environ}, clock)


def test_a_message_has_a_line_for_each_field(ear):
    manager(ear).tell(READY=1, STATUS="one line\nand another")
    assert heard(ear) == ["READY=1\nSTATUS=one line and another"]


def test_an_abstract_address_is_heard():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind("")  # the system chooses one
        name = opened.getsockname()[1:].decode()
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).tell(READY=1)
        opened.settimeout(5)
        assert opened.recv(100) == b"READY=1"


def test_a_full_socket_is_not_waited_for(ear):
    for _ in range(1000):
        manager(ear).tell(READY=1)


def test_the_watchdog_is_fed_once_a_second(ear):
    times = iter([0.0, 0.5, 0.99, 1.0, 1.5, 2.3])
    feeder = manager(ear, lambda: next(times))
    for _ in range(6):
        feeder.feed_watchdog()
    assert heard(ear) == ["WATCHDOG=1"] * 3


def test_progress_of_the_loop_feeds_the_watchdog(ear):
    health = Health(120)
    health.progressed = manager(ear).feed_watchdog
    health.made_progress()
    assert heard(ear) == ["WATCHDOG=1"]


def test_nothing_is_ready_before_anything_was_tried(ear):
    report = ServiceReport(manager(ear), Health(120))
    report.update()
    report.update()
    assert heard(ear) == ["STATUS=not ready: the database was not reached yet"]


def test_a_failed_attempt_ends_the_start(ear):
    health = Health(120)
    report = ServiceReport(manager(ear), health)
    health.database_used("connection refused")
    report.update()
    report.update()
    assert heard(ear) == [
        "STATUS=not ready: the database cannot be used: connection refused",
        "READY=1",
    ]


def test_the_status_follows_what_is_ready(ear):
    health = Health(120)
    report = ServiceReport(manager(ear), health)
    health.database_used()
    report.update()
    health.database_used("it is gone")
    report.update()
    health.database_used()
    report.update()
    statuses = [text for text in heard(ear) if text.startswith("STATUS=")]
    assert statuses == [
        "STATUS=ready",
        "STATUS=not ready: the database cannot be used: it is gone",
        "STATUS=ready",
    ]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "READY=1"),
        ({"WATCHDOG_USEC": "150000000"}, "READY=1"),
        ({"WATCHDOG_USEC": "100000000"}, "READY=1\nWATCHDOG_USEC=150000000"),
        ({"WATCHDOG_USEC": "100000000", "WATCHDOG_PID": str(os.getpid() + 1)}, "READY=1"),
        ({"WATCHDOG_USEC": "soon"}, "READY=1"),
    ],
)
def test_a_short_watchdog_is_made_longer(ear, environ, message):
    health = Health(120)
    health.database_used()
    ServiceReport(manager(ear, **environ), health).update()
    assert heard(ear)[-1] == message

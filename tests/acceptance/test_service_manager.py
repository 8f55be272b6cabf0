"""What the installed daemon tells systemd, heard on a socket like the one that systemd opens."""

import signal
import socket
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest
from tests.harness.command import DEADLINE_SECONDS, ended
from tests.services.processes import free_port

if TYPE_CHECKING:
    import subprocess

NOWHERE = {"SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "SYNC_WORKER_LOG_FORMAT": "json"}
"""A Kafka that is away is waited for, for ever."""


class Ear:
    """A unit's notification socket, and the messages that have come."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.heard: list[dict[str, str]] = []

    def hears(self, field: str, seconds: float = DEADLINE_SECONDS) -> str:
        """The value of the next message that has the field, whatever comes before it."""
        deadline = time.monotonic() + seconds
        while True:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            lines = self._socket.recv(65536).decode().splitlines()
            message = dict(line.split("=", 1) for line in lines)
            self.heard.append(message)
            if field in message:
                return message[field]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear(tmp_path):
    opened = Ear(str(tmp_path / "notify"))
    yield opened
    opened.close()


@pytest.fixture
def start(installed, ear):
    started: list[subprocess.Popen[bytes]] = []

    def begin(**environment):
        address = str(installed.folder / "notify")
        process = installed.start("run", **NOWHERE, NOTIFY_SOCKET=address, **environment)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_daemon_starts_although_kafka_is_away(start, ear):
    start()
    assert ear.hears("READY") == "1"
    statuses = [message["STATUS"] for message in ear.heard if "STATUS" in message]
    assert statuses[-1].startswith("not ready: ")
    assert "Kafka was not reached yet" in statuses[-1]


def test_the_waiting_loop_feeds_the_watchdog(start, ear):
    start()
    assert [ear.hears("WATCHDOG") for _ in range(3)] == ["1"] * 3


def test_a_halted_daemon_feeds_nothing(start, ear):
    process = start()
    ear.hears("READY")
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        any(ear.hears("WATCHDOG", seconds=5) == "" for _ in count())
    process.send_signal(signal.SIGCONT)
    assert ear.hears("WATCHDOG") == "1"


def test_a_daemon_says_that_it_stops(start, ear):
    process = start()
    ear.hears("READY")
    assert ended(process, signal.SIGTERM).exit_code == 0
    assert ear.hears("STOPPING") == "1"


def test_a_daemon_that_refuses_never_gets_ready(start, ear, installed):
    empty = f"sqlite:///{installed.folder / 'nothing.db'}"
    installed.database.rename(installed.folder / "elsewhere.db")
    assert ended(start(SYNC_WORKER_DATABASE_URL=empty)).exit_code == 2
    with pytest.raises(TimeoutError):
        ear.hears("READY", seconds=0.1)


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/notify"])
def test_a_daemon_runs_where_nobody_hears(start, address, installed):
    process = installed.start("run", **NOWHERE, NOTIFY_SOCKET=address)
    assert process.stderr is not None
    for line in process.stderr:
        if b"kafka_unavailable" in line:
            break
    assert ended(process, signal.SIGTERM).exit_code == 0


def test_the_page_starts_feeds_its_watchdog_and_stops(installed, ear):
    port = free_port()
    process = installed.start(
        "web",
        NOTIFY_SOCKET=str(installed.folder / "notify"),
        SYNC_WORKER_WEB_PORT=str(port),
        SYNC_WORKER_WEB_BASE_URL=f"http://127.0.0.1:{port}",
    )
    try:
        assert ear.hears("READY") == "1"
        assert [ear.hears("WATCHDOG") for _ in range(2)] == ["1"] * 2
    finally:
        done = ended(process, signal.SIGTERM)
    assert done.exit_code == 0
    assert ear.hears("STOPPING") == "1"

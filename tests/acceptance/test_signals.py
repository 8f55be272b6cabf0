"""When a daemon hears that it is to end: from the start, also as a container's first process."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness.command import INSTALLED, Installed
from tests.services.waiting import until

NOWHERE = {"SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "SYNC_WORKER_LOG_FORMAT": "json"}
"""A Kafka that is away is waited for, for ever."""
AS_FIRST = ["unshare", "--pid", "--fork", "--kill-child"]


class Daemon:
    """A worker that waits for Kafka."""

    def __init__(self, installed: Installed, *before: str, hangup: signal.Handlers) -> None:
        self._log = installed.folder / f"log-{hangup.name}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, sys.executable, INSTALLED, "run"],
                env=installed.environment | NOWHERE,
                cwd=installed.folder,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),  # noqa: PLW1509
            )

    def worker(self) -> int:
        """The worker's own number, where it runs beneath another process."""
        number = self.process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return int(children[0]) if children else number

    def imports(self, part: str) -> bool:
        try:
            return part in Path(f"/proc/{self.worker()}/maps").read_text()
        except OSError:
            return False

    def waits(self) -> bool:
        return "kafka_unavailable" in self._log.read_text()

    @property
    def output(self) -> str:
        return self._log.read_text()


@pytest.fixture
def start(installed: Installed) -> Iterator[object]:
    daemons: list[Daemon] = []

    def begin(*before: str, hangup: signal.Handlers = signal.SIG_DFL) -> Daemon:
        daemons.append(Daemon(installed, *before, hangup=hangup))
        return daemons[-1]

    yield begin
    for daemon in daemons:
        daemon.process.kill()
        daemon.process.wait()


@pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="wants a first process of its own"
)
def test_a_containers_first_process_hears_sigterm_while_starting(start):
    """The kernel drops a signal that such a process has no handler for."""
    daemon = start(*AS_FIRST)
    until(lambda: daemon.imports("pydantic_core"), "the imports", pause_seconds=0.002)
    os.kill(daemon.worker(), signal.SIGTERM)
    assert daemon.process.wait(20) in (0, 130), daemon.output


def test_a_lost_terminal_ends_a_daemon_unless_that_is_ignored(start):
    ends, stays = daemons = start(), start(hangup=signal.SIG_IGN)
    for daemon in daemons:
        until(daemon.waits, "the daemon to wait for Kafka")
    stays.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        stays.process.wait(1)
    ends.process.send_signal(signal.SIGHUP)
    stays.process.send_signal(signal.SIGTERM)
    for daemon in daemons:
        assert daemon.process.wait(20) == 0, daemon.output
    assert "0 records read" in ends.output

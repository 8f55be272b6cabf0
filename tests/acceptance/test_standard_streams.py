"""Standard streams that are closed, full, or read by nobody: what was done is done."""

import fcntl
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import termios
from contextlib import ExitStack, closing, contextmanager
from urllib.request import urlopen

import pytest
from tests.builders import activated, record, write_archive
from tests.harness.command import DEADLINE_SECONDS, INSTALLED, Installed, ended
from tests.services.processes import free_port
from tests.services.waiting import until

A, B = "SE2321000016-TA01", "SE2321000016-TB01"

# 9 is a pipe whose reader has left.
STREAMS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "stdin closed": "<&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "stdout gone": ">&9",
    "stderr gone": "2>&9",
    "both gone": ">&9 2>&9",
    "stdout for reading": "1</dev/null",
}


@pytest.fixture(scope="module")
def known(tmp_path_factory, upgraded):
    """A registry with two active clinics."""
    command = Installed(tmp_path_factory.mktemp("streams"))
    records = [record(activated(each, 1, regionCode="01"), key=each) for each in (A, B)]
    numbered = [each._replace(offset=offset) for offset, each in enumerate(records)]
    write_archive(command.folder / "stream.jsonl", numbered)
    shutil.copy(upgraded, command.database)
    assert command("run", "--archive", "stream.jsonl").exit_code == 0
    return command


@contextmanager
def started(command, redirection, *arguments, **environment):
    """The command, its streams redirected by the shell."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.Popen(
        ["bash", "-c", f'exec 9>&{write_end}; exec "$0" "$@" {redirection}', INSTALLED, *arguments],
        cwd=command.folder,
        env=command.environment | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[write_end],
    )
    os.close(write_end)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE_SECONDS)


def called(command, redirection, *arguments):
    """How it ended, and what came on those streams that lead somewhere."""
    with started(command, redirection, *arguments) as process:
        done = ended(process)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize("stream", STREAMS)
def test_no_stream_changes_what_a_command_ends_with(known, stream):
    def asked(statement):
        with closing(sqlite3.connect(known.database, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    asked("UPDATE clinic SET registered_at = NULL, registered_by = NULL")
    assert called(known, STREAMS[stream], "clinics", "add", A, B, "NOBODY").exit_code == 4
    assert asked("SELECT hsa_id FROM clinic WHERE registered_at IS NOT NULL") == [(A,), (B,)]
    assert asked("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("stream", ["all closed", "both full", "both gone"])
def test_no_stream_changes_what_is_not_found(known, stream):
    assert called(known, STREAMS[stream], "clinics", "show", "NOBODY").exit_code == 6


@pytest.mark.parametrize(
    ("stream", "exit_code"), [("stdout full", 1), ("stdout gone", 0), ("stdout closed", 0)]
)
def test_only_lost_data_is_a_failure(known, stream, exit_code):
    for command in (("clinics", "list"), ("clinics", "add", "--help")):
        done = called(known, STREAMS[stream], *command)
        assert done.exit_code == exit_code
        assert ("The output cannot be written" in done.stderr) == (exit_code == 1)


@pytest.mark.parametrize("command", ["import", "validate"])
def test_a_closed_standard_input_is_reported(known, command):
    group = "clinics" if command == "import" else "events"
    done = called(known, "<&-", group, command, "-")
    assert (done.exit_code, "Standard input is closed" in done.stderr) == (2, True)


def status_of(port):
    """What the daemon's HTTP port says of its loop; 0 before it is there."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            return answer.status
    except OSError:
        return 0


def test_daemons_continue_without_their_logs(known):
    redirections = ["2>&9", "2>/dev/full", "<&- >&- 2>&-", ""]
    ports = [free_port() for _ in redirections]
    with ExitStack() as stack:
        daemons = [
            stack.enter_context(
                started(
                    known,
                    redirection,
                    "run",
                    SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
                    SYNC_WORKER_HTTP_PORT=str(port),
                )
            )
            for redirection, port in zip(redirections, ports, strict=True)
        ]
        until(
            lambda: {status_of(port) for port in ports} == {200},
            "the daemons to listen",
            DEADLINE_SECONDS,
        )
        assert select.select([daemons[-1].stderr], [], [], DEADLINE_SECONDS)[0]
        for daemon in daemons:
            daemon.send_signal(signal.SIGTERM)
        done = [ended(daemon) for daemon in daemons]
    assert [each.exit_code for each in done] == [0, 0, 0, 0]
    assert ["not_ready" in each.stderr for each in done] == [False, False, False, True]


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_daemon_says_how_many_lines_nobody_took(known, command):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    port, metrics = free_port(), free_port()
    ports = {
        "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SYNC_WORKER_HTTP_PORT": str(metrics),
        "SYNC_WORKER_WEB_METRICS_PORT": str(metrics),
        "SYNC_WORKER_WEB_PORT": str(port),
        "SYNC_WORKER_WEB_BASE_URL": f"http://127.0.0.1:{port}",
    }
    daemon = subprocess.Popen(
        [INSTALLED, command, "-v"],
        cwd=known.folder,
        env=known.environment | ports,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writer,
    )
    os.close(writer)
    asked = metrics if command == "run" else port  # each answer of the page is a line of its log
    try:
        until(lambda: status_of(asked) and dropped_in(metrics) > 1, "lines to be dropped")
        with os.fdopen(reader) as log:
            events = map(json.loads, log)
            told = next(event for event in events if event["event"] == "lines_dropped")
        assert 1 < told["lines"] <= dropped_in(metrics)
    finally:
        daemon.kill()
        daemon.wait(DEADLINE_SECONDS)


def dropped_in(port):
    """How many lines a log misses, as metrics have it; 0 before they are there."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0
    name = "sync_worker_log_lines_dropped_total "
    return next(float(line[len(name) :]) for line in lines if line.startswith(name))


def test_a_daemon_continues_although_nobody_reads_its_log(known):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    port = free_port()
    nowhere = {"SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    daemon = subprocess.Popen(
        [INSTALLED, "run", "-v"],
        cwd=known.folder,
        env=known.environment | nowhere | {"SYNC_WORKER_HTTP_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
    )
    try:
        until(lambda: not select.select([], [writer], [], 0)[1], "the pipe to be full")
        until(lambda: status_of(port) == 200, "the daemon to answer")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(DEADLINE_SECONDS) == 0
    finally:
        daemon.kill()
        os.close(writer)
    with os.fdopen(reader) as unread:
        *whole, _cut = unread.read().split("\n")
    assert "started" in {json.loads(line)["event"] for line in whole}


def test_a_table_fits_the_terminal_that_it_is_written_to(known):
    reader, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 50))
    assert known("clinics", "list", stdout=terminal, COLUMNS="").exit_code == 0
    os.close(terminal)
    with os.fdopen(reader, "rb") as screen:
        shown = screen.read1().decode().splitlines()
    assert shown[0].split() == ["hsa_id", "region_code", "status"]
    assert max(map(len, shown)) <= 50

"""Whatever goes wrong ends in one message and the contract's exit code."""

import errno
import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from tests.harness.command import Done

from sync_worker.administration.tak import TakChanged
from sync_worker.cli.errors import as_command_error, as_json, as_text
from sync_worker.errors import Exit, UserError
from sync_worker.operations.stream_fold import FoldProcessLost
from sync_worker.pipeline.transaction_writer import DatabaseRefusesRecords
from sync_worker.registry.dialect import MissingDatabase
from sync_worker.registry.schema import WrongRevision
from sync_worker.remedies import Advice, Remedy
from sync_worker.streams.protocol import StreamError, StreamRefused

SECRET = "correct horse"
COMMAND = [sys.executable, "-m", "sync_worker"]


class PostgresError(Exception):
    """An error as the PostgreSQL driver has it."""

    def __init__(self, sqlstate):
        super().__init__("permission denied for table patient_board")
        self.sqlstate = sqlstate


def sqlite_error(kind, code):
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = code
    return kind(f"INSERT {SECRET}", {"value": SECRET}, cause)


def coded(kind, number, path=None):
    return kind(number, os.strerror(number), path)


ENDS = [
    (UserError(Exit.REFUSED, "No."), 4, "refused", "No."),
    (UserError(Exit.USAGE, "No.", code="configuration"), 2, "configuration", "No."),
    (click.UsageError("What?"), 2, "usage", "What?"),
    (click.BadParameter("bad"), 2, "usage", "bad"),
    (click.Abort(), 130, "interrupted", "Interrupted"),
    (KeyboardInterrupt(), 130, "interrupted", "Interrupted"),
    (StreamError("a.jsonl, line 3: torn.", "It is.", "Mend it."), 2, "stream", "line 3"),
    (coded(FileNotFoundError, errno.ENOENT, "a.jsonl"), 6, "not_found", "a.jsonl"),
    (coded(IsADirectoryError, errno.EISDIR, "folder"), 2, "file", "folder"),
    (coded(PermissionError, errno.EACCES, "a.jsonl"), 2, "file", "a.jsonl"),
    (coded(OSError, errno.ENOSPC, "a.csv"), 2, "file", "a.csv"),
    (coded(OSError, errno.EIO), 1, "unexpected", "OSError"),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), 2, "usage", "UTF-8"),
    (ModuleNotFoundError("no", name="psycopg"), 2, "configuration", "psycopg"),
    (ModuleNotFoundError("no", name="other"), 1, "unexpected", "ModuleNotFoundError"),
    (MissingDatabase(Path("registry.db")), 2, "configuration", "registry.db"),
    (WrongRevision("0009"), 2, "revision", "0009"),
    (WrongRevision(None), 2, "revision", "not there yet"),
    (DatabaseRefusesRecords(sqlite_error(IntegrityError, 19)), 1, "unexpected", "10 records"),
    (sqlite_error(OperationalError, sqlite3.SQLITE_BUSY), 5, "unreachable", "is locked"),
    (sqlite_error(OperationalError, sqlite3.SQLITE_CANTOPEN), 5, "unreachable", "reached"),
    (sqlite_error(IntegrityError, sqlite3.SQLITE_CONSTRAINT), 1, "unexpected", "rejected"),
    (
        sqlite_error(OperationalError, sqlite3.SQLITE_NOTADB),
        2,
        "configuration",
        "is not a SQLite database, or is corrupt",
    ),
    (ProgrammingError("", {}, PostgresError("42501")), 4, "permission", "permit"),
    (ProgrammingError("", {}, PostgresError("42601")), 1, "unexpected", "rejected"),
    (ProgrammingError("", {}, PostgresError("42P01")), 1, "unexpected", "not as this program made"),
    (ProgrammingError("", {}, PostgresError("42703")), 1, "unexpected", "not as this program made"),
    (FoldProcessLost(-9), 1, "killed", "ended from outside: SIGKILL"),
    (FoldProcessLost(1), 1, "unexpected", "fault of the program"),
    (MemoryError(SECRET), 1, "memory", "not enough memory"),
    (ValueError(SECRET), 1, "unexpected", "ValueError"),
    (ExceptionGroup(SECRET, [ValueError(SECRET)]), 1, "unexpected", "ExceptionGroup"),
]


@pytest.mark.parametrize(("error", "exit_code", "code", "text"), ENDS)
def test_each_exception_has_its_end(error, exit_code, code, text):
    end = as_command_error(error)
    assert (end.exit_code, end.code) == (exit_code, code)
    assert text in as_text(end)
    assert SECRET not in as_text(end) + as_json(end)


@pytest.mark.parametrize(("error", "exit_code", "code", "text"), ENDS)
def test_with_json_an_error_is_one_object_on_stderr(sync_worker, error, exit_code, code, text):
    sync_worker.add_raising(error)
    done = sync_worker("broken", "-o", "json")
    assert (done.exit_code, done.stdout) == (exit_code, "")
    assert set(done.error) == {"code", "message", "hint"}
    assert done.error["code"] == code


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('too many connections for role "w"', Remedy.FREE_CONNECTIONS),
        ("sorry, too many clients already", Remedy.FREE_CONNECTIONS),
        ("remaining connection slots are reserved for roles …", Remedy.FREE_CONNECTIONS),
        ('role "w" is not permitted to log in', Remedy.ADMIT_TO_DATABASE),
        ('database "d" is not currently accepting connections', Remedy.ADMIT_TO_DATABASE),
        ('permission denied for database "d"', Remedy.ADMIT_TO_DATABASE),
    ],
)
def test_a_refused_connection_has_a_remedy_of_its_own(said, remedy):
    cause = type("OperationalError", (Exception,), {})(f"connection failed: FATAL:  {said}")
    end = as_command_error(OperationalError("", {}, cause))
    assert isinstance(end.hint, Advice)
    assert (end.exit_code, end.hint.remedy) == (5, remedy)


def test_an_error_says_what_and_why_and_then_the_hint(sync_worker):
    sync_worker.add_raising(UserError(Exit.REFUSED, "It is so.", why="It was.", hint="Be."))
    assert sync_worker("broken").stderr == "error: It is so. It was.\nhint: Be.\n"


def test_an_error_without_a_hint_is_one_line(sync_worker):
    sync_worker.add_raising(UserError(Exit.REFUSED, "It is so."))
    assert sync_worker("broken").stderr == "error: It is so.\n"


def test_an_error_moves_no_cursor(sync_worker):
    sync_worker.add_raising(UserError(Exit.REFUSED, "red \x1b[31m \r"))
    assert sync_worker("broken").stderr == "error: red \\x1b[31m \\r\n"


@pytest.mark.parametrize(
    "line",
    [
        "-o json broken",
        "-o=json broken",
        "-ojson broken",
        "--output json broken",
        "--output=json broken",
        "broken -o json",
        "broken -o=json",
        "broken -vo json",
        "-o table broken -o json",
        "broken --no-such-option -o json",
        "no-such-command -o json",
        "-o json",
        "clinics -o json",
        "broken too many -o json",
    ],
)
def test_errors_are_json_where_requested_even_if_parsing_failed(sync_worker, line):
    sync_worker.add_raising(UserError(Exit.REFUSED, "It is so."))
    assert sync_worker(*line.split()).error["message"]


@pytest.mark.parametrize("line", ["broken", "-o json broken -o table", "broken -- -o json"])
def test_without_json_an_error_is_text(sync_worker, line):
    sync_worker.add_raising(UserError(Exit.REFUSED, "It is so."))
    assert sync_worker(*line.split()).stderr.startswith("error: ")


def test_there_is_not_a_traceback_unless_requested(sync_worker):
    sync_worker.add_raising(ValueError("inside"))
    assert "Traceback" not in sync_worker("broken").stderr
    for line in (["--debug", "broken"], ["broken", "--debug"]):
        done = sync_worker(*line)
        assert done.exit_code == 1
        assert "Traceback" in done.stderr
        assert "ValueError: inside" in done.stderr


def test_an_expected_error_has_no_traceback_at_all(sync_worker):
    sync_worker.add_raising(UserError(Exit.REFUSED, "No."))
    assert "Traceback" not in sync_worker("broken", "--debug").stderr


def test_a_command_ends_with_the_code_it_asks_for(sync_worker):
    sync_worker.add_raising(click.exceptions.Exit(Exit.ATTENTION))
    assert sync_worker("broken") == Done(3, "", "")


def test_a_reader_that_leaves_early_is_not_an_error():
    with subprocess.Popen(
        [*COMMAND, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["config", "show"], ["--help"]])
def test_a_full_disk_under_stdout_is_an_error(arguments):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: The output cannot be written")


def test_stdout_is_utf8_whatever_the_locale():
    done = subprocess.run(
        [*COMMAND, "config", "show", "-o", "json"],
        env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "SYNC_WORKER_KAFKA_GROUP_ID": "å"},
        capture_output=True,
        check=True,
    )
    assert '"å"' in done.stdout.decode()


@pytest.mark.parametrize(
    "error",
    [
        UserError(Exit.USAGE, "No.", why="Because.", hint="Do this.", code="configuration"),
        StreamError("Here.", "Because.", Remedy.SHOW_HOLD(number=1)),
        StreamRefused("no password"),
        WrongRevision("0009"),
        TakChanged(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_reaches_another_process_as_it_is(error):
    received = pickle.loads(pickle.dumps(error))
    assert type(received) is type(error)
    assert (received.exit_code, received.code) == (error.exit_code, error.code)
    assert (as_text(received), as_json(received)) == (as_text(error), as_json(error))
    assert str(received) == str(error)

"""The stderr of a daemon whose log is in JSON: each line is an event, from the first moment."""

import io
import json
import logging
import sys
import threading
import warnings

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from sync_worker.cli import daemon_log
from sync_worker.cli.daemon_log import DaemonLog, LogLines, is_daemon
from sync_worker.cli.errors import as_command_error
from sync_worker.language import Language
from sync_worker.telemetry.log_events import LogEvent
from sync_worker.telemetry.logging import configure
from sync_worker.telemetry.process_log import captured, traceback_of
from sync_worker.telemetry.redaction import Redaction

SECRET = "hemligt-losenord"


def parsed(text):
    """The events of a log, of which each line must be one JSON object with a known name."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["event"] for line in lines} <= set(LogEvent)
    return lines


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run"], True),
        (["-o", "json", "run", "-v"], True),
        (["-vo", "json", "run"], True),
        (["--output", "json", "run"], True),
        (["--output=json", "--debug", "run", "--bogus"], True),
        (["run", "--archive", "stream.jsonl"], False),
        (["run", "--archive=stream.jsonl"], False),
        (["run", "--until-idle", "0"], False),
        (["run", "--help"], False),
        (["web"], True),
        (["-q", "web"], True),
        (["web", "--help"], False),
        (["status"], False),
        (["-o", "run", "status"], False),
        (["clinics", "list", "--search", "run"], False),
        ([], False),
    ],
)
def test_the_page_and_a_run_without_end_are_daemons(arguments, expected):
    assert is_daemon(arguments) is expected


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"SYNC_WORKER_LOG_FORMAT": "nonsense"}, "configuration"),
        ({"SYNC_WORKER_NONSENSE": "1"}, "configuration"),
        ({}, "configuration"),
        ({"SYNC_WORKER_DATABASE_URL": "sqlite:///none.db"}, "database_missing"),
    ],
)
def test_a_refusal_is_one_event_of_the_log(database, sync_worker, settings, code):
    told = sync_worker("run", **settings)
    (line,) = parsed(told.stderr)
    assert (line["event"], line["exit_code"], told.exit_code) == ("refused", 2, 2)
    assert line["error"]
    assert line["hint"]
    assert line["worker"]
    assert line["version"]


def test_a_wrong_option_is_one_event_of_the_log(sync_worker):
    (line,) = parsed(sync_worker("run", "--bogus").stderr)
    assert (line["event"], line["code"]) == ("refused", "usage")


def test_the_error_of_the_contract_follows_the_log(database, sync_worker):
    told = sync_worker("run", "-o", "json")
    *log, _ = told.stderr.splitlines()
    (line,) = parsed("\n".join(log))
    assert told.error["code"] == line["code"] == "configuration"
    assert told.error["message"] == f"{line['error']} {line['why']}"


def test_the_log_on_a_terminal_leaves_errors_to_people(database, sync_worker):
    told = sync_worker("run", SYNC_WORKER_LOG_FORMAT="console")
    assert told.stderr.startswith("error: Kafka is not configured.")


def test_a_worker_is_named_before_its_settings_are_read(sync_worker):
    told = sync_worker("run", SYNC_WORKER_WORKER_NAME="norr-1", SYNC_WORKER_LOG_LEVEL="loud")
    (line,) = parsed(told.stderr)
    assert line["worker"] == "norr-1"


def test_a_fault_has_its_traceback_as_a_field():
    stream = io.StringIO()
    log = DaemonLog(stream, "norr-1", Redaction(lambda: [SECRET]))
    try:
        fail_in_a_thread()
    except ValueError as error:
        told = as_command_error(error)
        log.tell_end(told, error, Language.ENGLISH, has_traceback=False)
        log.tell_end(told, error, Language.ENGLISH, has_traceback=True)
    short, whole = parsed(stream.getvalue())
    assert (short["event"], short["exit_code"]) == ("unexpected", 1)
    assert "test_daemon_log.py" in short["traceback"][0]
    assert whole["traceback"][0].startswith("Traceback")
    assert SECRET not in stream.getvalue()


def test_a_traceback_leaves_out_statements_and_values():
    refused = OperationalError("INSERT payload", {"v": "payload"}, Exception("full\npayload"))
    error = RuntimeError("failed")
    error.__cause__ = refused
    lines = traceback_of(error)
    assert "OperationalError: full" in lines
    assert "payload" not in str(lines)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=20))
def test_whatever_is_written_to_stderr_becomes_events(pieces):
    stream = io.StringIO()
    log = configure("info", "json", stream, redaction=Redaction(lambda: [SECRET]))
    lines = LogLines(stream, lambda text: log.warning(LogEvent.STDERR, text=text))
    for piece in (*pieces, f"x {SECRET}"):
        lines.write(piece)
    lines.write("\n")
    told = [line["text"] for line in parsed(stream.getvalue())]
    written = "".join((*pieces, "x ***")).split("\n")
    assert told == [line for line in written if line.strip()]


def test_several_threads_write_whole_lines():
    stream = io.StringIO()
    log = configure("info", "json", stream, redaction=Redaction())
    lines = LogLines(stream, lambda text: log.warning(LogEvent.STDERR, text=text))

    def write(letter):
        for _ in range(200):
            lines.write(letter)
            lines.write(f"{letter}\n")
            log.info(LogEvent.READY)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [line["text"] for line in parsed(stream.getvalue()) if line["event"] == "stderr"]
    assert {text: told.count(text) for text in told} == dict.fromkeys(("aa", "bb", "cc", "dd"), 200)


class Unraisable:
    def __del__(self):
        raise OSError(f"closed {SECRET}")


def fail_in_a_thread():
    raise ValueError(f"lost {SECRET}")


def test_libraries_warnings_and_threads_speak_through_the_log():
    stream = io.StringIO()
    log = configure("info", "json", stream, redaction=Redaction(lambda: [SECRET]))
    with captured(log):
        try:
            fail_in_a_thread()
        except ValueError:
            # The handler of last resort, itself: pytest has one that comes before it.
            last_resort = logging.lastResort
            assert last_resort is not None
            values = ("library", logging.ERROR, "a.py", 7, "cannot %s", (SECRET,))
            last_resort.handle(logging.LogRecord(*values, sys.exc_info()))
        warnings.showwarning(DeprecationWarning(f"old {SECRET}"), DeprecationWarning, "a.py", 7)
        thread = threading.Thread(target=fail_in_a_thread, name="reader")
        thread.start()
        thread.join()
        Unraisable()
    library, warning, ended, unraisable = parsed(stream.getvalue())
    assert (library["event"], library["logger"]) == ("library", "library")
    assert library["traceback"][-1] == "ValueError: lost ***"
    assert (warning["category"], warning["place"]) == ("DeprecationWarning", "a.py:7")
    assert (ended["event"], ended["thread"]) == ("unexpected", "reader")
    assert unraisable["error"] == "OSError: closed ***"
    assert SECRET not in stream.getvalue()


def test_stderr_is_itself_again_after_a_daemon(database, sync_worker):
    before = sys.stderr
    assert sync_worker("run").exit_code == 2
    assert sys.stderr is before


def test_what_click_says_is_an_event_too(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    DaemonLog(stream, "norr-1", Redaction()).take_stderr()
    click.echo("a question", err=True)
    assert daemon_log.log_stream() is stream
    (line,) = parsed(stream.getvalue())
    assert (line["event"], line["text"]) == ("stderr", "a question")

"""The installed command as an operator has it: exit codes, terminals, pipes and odd bytes."""

import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest
from tests.builders import activated, numbered, region_changed, write_archive
from tests.harness.command import INSTALLED, Done, Installed, ended
from tests.services.waiting import until

A = "SE2321000016-TA01"
PROMPT = b"[y/N]:"


@pytest.fixture(scope="module")
def populated(tmp_path_factory, upgraded):
    """A registry with one clinic and one dead letter; nobody changes it."""
    command = Installed(tmp_path_factory.mktemp("populated"))
    shutil.copy(upgraded, command.database)
    named = activated(A, 0, regionCode="01", name="Änggården \x1b[2J")
    archive = write_archive(
        command.folder / "stream.jsonl", numbered([named, region_changed(A, 1, "11")], topic="t")
    )
    for line in (
        ("run", "--archive", str(archive)),
        ("clinics", "add", A),
    ):
        done = command(*line)
        assert done.exit_code == 0, done.stderr
    return command


@pytest.mark.parametrize(
    ("arguments", "url", "exit_code"),
    [
        (("status",), None, 0),
        (("clinics", "remove", A), None, 2),
        (("events", "validate", "stream.jsonl"), None, 3),
        (("clinics", "add", "SE2321000016-NONE", "--dry-run"), None, 4),
        (("db", "upgrade"), "sqlite:///no/such/folder.db", 2),
        (("clinics", "show", "SE2321000016-NONE"), None, 6),
    ],
)
def test_the_process_ends_with_the_exit_code(populated, arguments, url, exit_code):
    environment = {"SYNC_WORKER_DATABASE_URL": url} if url else {}
    done = populated(*arguments, **environment)
    assert done.exit_code == exit_code, done.stderr
    assert "Traceback" not in done.stderr


def sleeps(process_id):
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def at_terminal(installed, keys, *arguments):
    """Call a command at a terminal; once it asks, interrupt it or not, and type the keys."""
    keyboard, terminal = os.openpty()
    process = subprocess.Popen(
        [INSTALLED, *arguments],
        cwd=installed.folder,
        env=installed.environment,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    assert process.stderr is not None
    asked = b""
    while not asked.endswith(PROMPT) and (character := process.stderr.read(1)):
        asked += character
    # Python drops an interrupt that comes while it prints the question.
    until(lambda: sleeps(process.pid), "the command to wait for an answer")
    if keys != "interrupt":
        os.write(keyboard, keys)
    done = ended(process, signal.SIGINT if keys == "interrupt" else None)
    os.close(keyboard)
    return Done(done.exit_code, done.stdout, asked.decode() + done.stderr)


@pytest.mark.parametrize(
    ("keys", "exit_code", "number_removed"),
    [(b"n\n", 2, 0), (b"\n", 2, 0), ("interrupt", 130, 0), (b"y\n", 0, 1)],
    ids=["no", "nothing", "interrupt", "yes"],
)
def test_at_a_terminal_a_removal_is_asked_for(populated, keys, exit_code, number_removed):
    done = at_terminal(populated, keys, "clinics", "remove", A, "-o", "csv")
    assert done.exit_code == exit_code, done.stderr
    assert A in done.stderr
    assert done.stdout.count("removed") == number_removed
    assert done.stdout == "".join(done.stdout.partition("hsa_id,outcome,reason")[1:])
    if number_removed:
        assert populated("clinics", "add", A).exit_code == 0


def test_a_reader_that_leaves_early_is_met_with_silence(populated):
    reader, writer = os.pipe()
    os.close(reader)
    done = populated("config", "show", "-o", "json", stdout=writer)
    os.close(writer)
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_does_not_hide_attention(populated):
    reader, writer = os.pipe()
    os.close(reader)
    done = populated("events", "validate", "stream.jsonl", stdout=writer)
    os.close(writer)
    assert done.exit_code == 3


@pytest.mark.parametrize("arguments", [("--version",), ("config", "show"), ("db", "--help")])
def test_a_full_disk_is_reported(populated, arguments):
    with Path("/dev/full").open("wb") as full:
        done = populated(*arguments, stdout=full)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: The output cannot be written")


@pytest.mark.parametrize("arguments", [("clinics", "list"), ("clinics", "show", A)])
def test_what_comes_from_outside_cannot_move_the_cursor(populated, arguments):
    shown = populated(*arguments).stdout
    assert r"Änggården \x1b[2J" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("command", [("show",), ("add", "--dry-run"), ("list", "--search")])
def test_an_argument_that_is_not_text_ends_in_a_sentence(populated, command, form):
    done = populated("-o", form, "clinics", *command, os.fsdecode(b"\xff"))
    assert done.exit_code in {0, 2, 4, 6}, done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_somebody_else_keeps_locked_cannot_be_reached(populated):
    with sqlite3.connect(populated.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        done = populated("clinics", "add", A, "-o", "json")
        other.execute("ROLLBACK")
    assert (done.exit_code, done.error["code"]) == (5, "unreachable")

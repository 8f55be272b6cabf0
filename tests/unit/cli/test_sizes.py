"""Records and letters that are larger than anybody should hold in memory, by way of commands."""

import json
import os
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from tests.builders import activated, record, write_archive
from tests.services.memory import measured
from tests.worlds.command_line import A, B

from sync_worker.events.record import EXCERPT_BYTES, MAX_RECORD_BYTES

COMMAND = Path(sys.executable).with_name("sync-worker")
MEBIBYTE = 2**20
BOUND = 250
"""MiB for a command, a hundred of which is Python with its libraries."""

TOO_LARGE = json.dumps(activated(A, 1)).encode() + b" " * MAX_RECORD_BYTES
ALL = ("deadletters", "redrive", "--all", "-y", "-o", "json")


def taken(*arguments, seconds=240):
    return measured([COMMAND, *arguments], os.environ, seconds)


@pytest.fixture
def archive(folder):
    """An event with blanks behind it that make its record too large, and one as it should be."""
    records = [record(TOO_LARGE, offset=0, key=A), record(activated(B, 2), offset=1)]
    return str(write_archive(folder / "stream.jsonl", records))


@pytest.fixture
def read(database, sync_worker, archive):
    told = sync_worker("run", "--archive", archive, "-o", "json")
    assert (told.json["applied"], told.json["dead_lettered"]) == (1, 1)


@pytest.mark.usefixtures("read")
def test_an_excerpt_says_so_and_is_not_redriven(sync_worker):
    shown = sync_worker("deadletters", "show", "1", "-o", "json").json
    assert (shown["reason"], shown["value_size"]) == ("invalid_event", len(TOO_LARGE))
    assert shown["value"] == TOO_LARGE[:EXCERPT_BYTES].decode()
    assert (shown["value_is_excerpt"], shown["clinic"]) == (True, None)
    assert shown["value_sha256"] == sha256(TOO_LARGE).hexdigest()
    told = sync_worker(*ALL)
    assert (told.exit_code, told.items) == (3, [{"id": 1, "outcome": "dead_lettered"}])
    assert "they cannot be redriven" in told.stderr
    assert sync_worker("clinics", "show", A).exit_code == 6


@pytest.mark.usefixtures("read")
def test_a_replay_stores_an_excerpt_once(sync_worker, archive):
    replayed = sync_worker("replay", "--archive", archive, "-y", "-o", "json").json
    assert (replayed["superseded"], replayed["dead_lettered"]) == (1, 1)
    assert sync_worker("deadletters", "list", "-o", "json").json["count"] == 1


@pytest.mark.usefixtures("read")
def test_a_reconcile_takes_no_excerpt_for_a_fact(sync_worker, archive):
    told = sync_worker("reconcile", "--against", f"archive:{archive}", "-o", "json")
    assert (told.exit_code, told.items) == (0, [])


def test_validate_says_of_a_record_that_it_is_too_large(sync_worker, archive):
    told = sync_worker("events", "validate", archive, "-o", "json")
    (row,) = told.items
    assert (told.exit_code, row["line"], row["reason"]) == (3, 1, "invalid_event")
    assert f"larger than {MAX_RECORD_BYTES} bytes" in row["detail"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"topic":"t","payload":"' + b"[" * (20 * MEBIBYTE) + b'"}', id="deep"),
        pytest.param(
            b'{"topic":"t","payload":"{}","headers":[' + b'"a",null,' * 2**20 + b'"a",""]}',
            id="headers",
        ),
        pytest.param(b"x" * (120 * MEBIBYTE), id="line"),
    ],
)
def test_an_archive_of_anything_takes_bounded_memory(database, folder, line):
    path = folder / "stream.jsonl"
    path.write_bytes(line + b"\n")
    done = taken("run", "--archive", str(path))
    assert done.exit_code == (2 if line.startswith(b"x") else 0), done.stderr
    assert ("line 1" in done.stderr) == (done.exit_code == 2)
    assert done.megabytes < BOUND + 250


@pytest.mark.slow  # each takes seconds of a core, and up to 450 MiB
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"[" * (15 * MEBIBYTE), id="deep"),
        pytest.param(b"[" + b"[]," * (5 * MEBIBYTE - 10) + b"[]]", id="lists"),
        pytest.param(b"\x1b" * (3 * MEBIBYTE), id="controls"),
    ],
)
def test_the_largest_dead_letters_take_bounded_memory(database, folder, value):
    path = write_archive(folder / "stream.jsonl", [record(value, topic="t", key=A)])
    for command in (("run", "--archive", str(path)), ("deadletters", "show", "1"), ALL):
        done = taken(*command)
        assert done.exit_code in (0, 3), done.stderr
        assert done.megabytes < BOUND + 200, command


@pytest.fixture
def letters(populated):
    """Sets aside many letters by hand, as an earlier version did it."""

    def insert(count, size):
        with sqlite3.connect(populated) as connection:
            connection.execute("DELETE FROM dead_letter")
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                "INSERT INTO dead_letter (received_at, stream, topic_id, topic, partition, "
                "record_offset, digest, value, headers, reason, detail, status) "
                "SELECT '2026-11-29T08:00:00.000000Z', 'kafka:x', '', 't', 0, i, i, zeroblob(?), "
                "'[]', 'invalid_json', 'Bad.', 'open' FROM n",
                (count, size),
            )

    return insert


@pytest.mark.slow  # a smaller one would not show a copy too many; this takes up to 650 MiB
@pytest.mark.parametrize(("count", "size"), [(400, MEBIBYTE // 2), (1, 200 * MEBIBYTE)])
def test_dead_letters_take_little_memory_however_large(letters, count, size):
    letters(count, size)
    listed = taken("deadletters", "list", "-o", "json")
    assert json.loads(listed.stdout)["count"] == count
    number = json.loads(listed.stdout)["items"][0]["id"]
    redriven = taken(*ALL)
    assert redriven.exit_code == 3
    assert json.loads(redriven.stdout)["count"] == count
    shown = taken("deadletters", "show", str(number))
    assert shown.exit_code == 0
    assert listed.megabytes < BOUND
    # SQLite has a value whole where a part of it is asked for.
    assert max(redriven.megabytes, shown.megabytes) < 2 * size / MEBIBYTE + BOUND


def test_bare_events_that_are_too_many_are_refused_unread(folder):
    path = folder / "events.json"
    path.write_bytes(b'{"specversion":"1.0"}\n' + b" " * (64 * MEBIBYTE))
    done = taken("events", "validate", str(path))
    assert (done.exit_code, done.megabytes < BOUND) == (2, True)
    assert "bare events are read up to" in done.stderr


def test_an_oversized_bare_event_is_judged_as_the_worker_would(folder, sync_worker):
    path = folder / "event.json"
    path.write_bytes(json.dumps(activated(A, 1, name="x" * MAX_RECORD_BYTES)).encode())
    (row,) = sync_worker("events", "validate", str(path), "-o", "json").items
    assert (row["reason"], "larger than" in row["detail"]) == ("invalid_event", True)

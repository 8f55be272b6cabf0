"""`run --archive`: archives as people have them, whole, grown, torn and mixed up."""

import gzip
import os

import pytest
from tests.builders import (
    activated,
    archive_line,
    deactivated,
    numbered,
    write_archive,
    write_lines,
)

A, B = "SE2321000016-TA01", "SE2321000016-TB02"
NOTHING = {"read": 0, "applied": 0, "superseded": 0, "ignored": 0, "dead_lettered": 0}


def lines_of(*documents):
    return [archive_line(record) for record in numbered(documents)]


@pytest.fixture
def run(database, sync_worker):
    """Reads archives to their ends."""

    def read(*paths):
        options = [part for path in paths for part in ("--archive", str(path))]
        return sync_worker("run", *options, "-o", "json")

    return read


def positions(sync_worker):
    return [item["position"] for item in sync_worker("positions", "list", "-o", "json").items]


def test_running_again_reads_only_what_has_come_since(run, folder):
    lines = lines_of(activated(A, 0), activated(B, 0), deactivated(A, 1))
    path = write_lines(folder / "a.jsonl", lines[:2])
    assert run(path).json["read"] == 2
    assert run(path).json == NOTHING
    write_lines(path, lines)
    assert run(path).json == NOTHING | {"read": 1, "applied": 1}


def test_an_archive_is_known_by_content_not_by_path(run, folder):
    lines = lines_of(activated(A, 0), activated(B, 0))
    assert run(write_lines(folder / "a.jsonl", lines)).json["read"] == 2
    assert run(write_lines(folder / "moved.jsonl.gz", lines)).json == NOTHING


def test_several_archives_are_read_in_turn(run, sync_worker, folder):
    one = write_archive(folder / "1.jsonl", numbered([activated(A, 0)]))
    two = write_archive(folder / "2.jsonl.gz", numbered([deactivated(A, 1)]))
    assert run(one, two).json == NOTHING | {"read": 2, "applied": 2}
    assert len(positions(sync_worker)) == 2


def test_an_empty_archive_is_read_to_its_end(run, folder):
    assert run(write_lines(folder / "empty.jsonl", [])).json == NOTHING


def test_a_bad_line_stops_the_run_but_loses_nothing(run, folder):
    lines = lines_of(activated(A, 0), activated(B, 0), deactivated(A, 1))
    path = write_lines(folder / "a.jsonl", [*lines[:2], b"not a record\n", lines[2]])
    stopped = run(path)
    assert stopped.exit_code == 2
    assert stopped.json["applied"] == 2
    assert "a.jsonl, line 3" in stopped.error["message"]
    assert stopped.error["hint"]
    write_lines(path, lines)
    assert run(path).json["applied"] == 1


def test_a_truncated_gz_stops_the_run_and_loses_nothing(run, folder):
    lines = lines_of(*(activated(f"SE2321000016-T{n:05}", 0) for n in range(5000)))
    whole = gzip.compress(b"".join(lines))
    path = folder / "a.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    stopped = run(path)
    assert stopped.exit_code == 2
    assert 0 < stopped.json["applied"] < 5000
    path.write_bytes(whole)
    assert run(path).json["applied"] == 5000 - stopped.json["applied"]


def test_two_exports_in_one_file_are_refused(run, folder):
    lines = lines_of(activated(A, 0), activated(B, 0))
    stopped = run(write_lines(folder / "a.jsonl", lines + lines))
    assert stopped.exit_code == 2
    assert "line 3" in stopped.error["message"]


def test_an_archive_ending_before_our_position_needs_a_reset(run, sync_worker, folder):
    lines = lines_of(activated(A, 0), activated(B, 0), deactivated(A, 1))
    path = write_lines(folder / "a.jsonl", lines)
    run(path)
    write_lines(path, lines[:1])
    refused = run(path)
    assert refused.exit_code == 2
    assert "offset 1" in refused.error["message"]
    assert "position 3" in refused.error["message"]
    assert "positions reset" in refused.error["hint"]
    reset = sync_worker("positions", "reset", "--archive", str(path), "--to", "earliest", "-y")
    assert reset.exit_code == 0, reset.stderr
    assert run(path).json == NOTHING | {"read": 1, "superseded": 1}


def test_an_archive_that_begins_after_our_position_is_refused(run, folder):
    records = numbered(activated(A, minute) for minute in range(6))
    path = write_archive(folder / "a.jsonl", records[:2])
    run(path)
    other = numbered([activated(A, 0)], topic="other")
    write_archive(path, [records[0]._replace(partition=1), *other])
    stopped = run(path)
    assert stopped.json["read"] == 2
    write_archive(path, [records[0]._replace(partition=1), other[0]._replace(offset=4)])
    refused = run(path)
    assert refused.exit_code == 2
    assert "offset 4" in refused.error["message"]


def test_a_missing_archive_is_not_found_and_nothing_is_applied(run, sync_worker, folder):
    present = write_archive(folder / "a.jsonl", numbered([activated(A, 0)]))
    missing = run(present, folder / "missing.jsonl")
    assert missing.exit_code == 6
    assert missing.error["code"] == "not_found"
    assert "missing.jsonl" in missing.error["message"]
    assert positions(sync_worker) == []


def test_a_folder_is_not_an_archive(run, folder):
    assert run(folder).exit_code == 2


def test_reset_positions_count_again_what_is_read_again(run, sync_worker, folder):
    path = write_archive(folder / "a.jsonl", numbered([activated(A, 0), b"{"]))
    run(path)
    assert sync_worker("positions", "reset", "--to", "earliest").exit_code == 2
    assert sync_worker("positions", "reset", "--to", "earliest", "-y").exit_code == 0
    run(path)
    (partition,) = sync_worker("status", "-o", "json").json["partitions"]
    assert (partition["read"], partition["applied"], partition["superseded"]) == (4, 1, 1)
    assert partition["dead_lettered"] == 2
    assert sync_worker("deadletters", "list", "-o", "json").json["count"] == 1


def test_a_pipe_is_not_an_archive_and_loses_nothing_silently(run, folder):
    os.mkfifo(folder / "pipe")
    refused = run(folder / "pipe")
    assert refused.exit_code == 2
    assert "pipe" in refused.error["message"]

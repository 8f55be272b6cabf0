"""What a daemon writes while nobody reads it: whole lines are dropped, and nobody waits."""

import io
import json
import os
import select

import pytest
import structlog
from prometheus_client import Counter

from sync_worker.cli.standard_streams import PromptFile, dropped_lines
from sync_worker.telemetry.dropped_lines import DroppedLines

LINE = b"x" * 99 + b"\n"


@pytest.fixture
def pipe():
    """A pipe that nobody reads, and what is written into it promptly."""
    reader, writer = os.pipe()
    yield reader, PromptFile(writer, patience_seconds=0.01)
    os.close(reader)
    os.close(writer)


def fill(written):
    """Write until nothing more is taken."""
    while select.select([], [written], [], 0)[1]:
        written.write(LINE)
    written.write(LINE)


def drain(reader):
    """All that waits in the pipe."""
    read = b""
    while select.select([reader], [], [], 0)[0]:
        read += os.read(reader, 1 << 16)
    return read


def test_what_nobody_reads_is_dropped(pipe):
    reader, written = pipe
    fill(written)
    assert written.write(b"dropped\n") == len(b"dropped\n")
    assert set(drain(reader).splitlines(keepends=True)) == {LINE}


def test_it_writes_again_once_somebody_reads(pipe):
    reader, written = pipe
    fill(written)
    drain(reader)
    written.write(b"again\n")
    assert drain(reader) == b"again\n"


def test_a_line_that_was_begun_is_completed_first(pipe):
    reader, written = pipe
    long = b"y" * (1 << 18) + b"\n"
    written.write(long)
    written.write(b"dropped\n")
    read = drain(reader)
    while not read.endswith(b"later\n"):
        written.write(b"later\n")
        read += drain(reader)
    assert read == long + b"later\n"
    assert written.dropped_lines > 0


def test_lines_that_are_dropped_are_counted(pipe):
    reader, written = pipe
    fill(written)
    dropped = written.dropped_lines
    written.write(b"one\n")
    written.write(b"two\nthree\n")
    assert written.dropped_lines == dropped + 3
    drain(reader)
    written.write(b"taken\n")
    assert written.dropped_lines == dropped + 3


def test_lines_for_which_a_disk_has_no_room_are_counted():
    descriptor = os.open("/dev/full", os.O_WRONLY)
    written = PromptFile(descriptor)
    written.write(LINE * 2)
    os.close(descriptor)
    assert written.dropped_lines == 2


def test_the_log_says_what_is_missing_once_it_is_read(pipe):
    reader, written = pipe
    stream = io.TextIOWrapper(written, line_buffering=True)
    log = structlog.wrap_logger(
        structlog.WriteLogger(stream), processors=[structlog.processors.JSONRenderer()]
    )
    counter = Counter("dropped", "-", registry=None)
    dropped = DroppedLines(log, lambda: dropped_lines(stream), counter)
    dropped.update()
    fill(written)
    missing = written.dropped_lines
    for _ in range(3):
        dropped.update()
    drain(reader)
    dropped.update()
    assert json.loads(drain(reader)) == {"event": "lines_dropped", "lines": missing}
    dropped.update()
    assert drain(reader) == b""
    [counted] = counter.collect()
    assert counted.samples[0].value == missing
    stream.detach()

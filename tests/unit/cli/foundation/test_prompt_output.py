"""What a daemon writes while nobody reads it: whole lines are dropped, and nobody waits."""

import os
import select

import pytest

from sync_worker.cli.standard_streams import PromptFile

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

"""What is said of a long reading while it lasts."""

import io
import queue
import threading

import pytest

from sync_worker.cli.messages import REVISIONS_DONE, ROWS_DONE
from sync_worker.cli.progress import Progress, shown
from sync_worker.language import Language


def text(seconds, read, fraction):
    clock = iter([0.0, seconds])
    return Progress("replay", lambda: fraction, lambda: read, lambda: next(clock)).line()


@pytest.mark.parametrize(
    ("seconds", "read", "fraction", "expected"),
    [
        (0, 0, 0.0, "replay: 0%, 0 records"),
        (5, 0, 0.0, "replay: 0%, 0 records"),
        (5, 0, 0.5, "replay: 50%, 0 records"),
        (10, 20_000, 0.25, "replay: 25%, 20000 records, 2000 a second, 30 s left"),
        (100, 1000, 0.2, "replay: 20%, 1000 records, 10 a second, 6 min 40 s left"),
        (3600, 360, 0.25, "replay: 25%, 360 records, 0 a second, 3 h 0 min left"),
        (10, 50, 1.0, "replay: 100%, 50 records, 5 a second"),
    ],
)
def test_it_says_how_much_how_fast_and_how_long_still(seconds, read, fraction, expected):
    assert text(seconds, read, fraction) == expected


@pytest.mark.parametrize(
    ("seconds", "fraction", "expected"),
    [
        (0.5, 0.5, "import: 50%"),
        (3, 0.0, "import: 0%"),
        (30, 0.25, "import: 25%, 1 min 30 s left"),
        (30, 1.0, "import: 100%"),
    ],
)
def test_a_fraction_alone_tells_the_time_left(seconds, fraction, expected):
    clock = iter([0.0, seconds])
    progress = Progress("import", lambda: fraction, clock=lambda: next(clock))
    assert progress.line() == expected


def test_what_has_no_known_end_says_how_long_it_takes():
    clock = iter([0.0, 65.0, 130.0])
    progress = Progress("upgrading", done=lambda: 3, clock=lambda: next(clock), unit=REVISIONS_DONE)
    assert progress.line() == "upgrading: 3 revisions, 0 a second, 1 min 5 s"
    clock = iter([0.0, 12.0])
    assert Progress("approving", clock=lambda: next(clock)).line() == "approving: 12 s"


def test_administrators_read_it_in_their_language():
    clock = iter([0.0, 10.0])
    progress = Progress(
        "lägger till",
        lambda: 0.5,
        lambda: 200,
        lambda: next(clock),
        unit=ROWS_DONE,
        language=Language.SWEDISH,
    )
    assert progress.line() == "lägger till: 50%, 200 rader, 20 i sekunden, 10 s kvar"


class Screen(io.StringIO):
    """A stream that says when something was written to it."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self._is_terminal = is_terminal
        self.was_written = threading.Event()

    def isatty(self):
        return self._is_terminal

    def flush(self):
        self.was_written.set()


def shown_at_once(progress, screen):
    return shown(progress, screen, redraw_seconds=0.001, line_seconds=0.001)


@pytest.mark.parametrize(
    ("is_terminal", "begin", "end"), [(True, "\r\x1b[K", "\r"), (False, "", "\n")]
)
def test_a_terminal_has_one_line_and_a_file_whole_lines(is_terminal, begin, end):
    screen = Screen(is_terminal=is_terminal)
    with shown_at_once(Progress("replay", lambda: 0.5, lambda: 0), screen):
        assert screen.was_written.wait(30)
    assert screen.getvalue().startswith(f"{begin}replay: 50%, 0 records{end}")


def test_the_line_is_never_wider_than_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    screen = Screen(is_terminal=True)
    with shown_at_once(Progress("Läser /srv/händelser/stream.jsonl", lambda: 0.5), screen):
        assert screen.was_written.wait(30)
    assert screen.getvalue().startswith("\r\x1b[K…/stream.jsonl: 50%\r")


def test_without_a_terminal_only_counted_records_are_reported():
    screen = Screen(is_terminal=False)
    with shown_at_once(Progress("reading", lambda: 0.5), screen):
        assert not screen.was_written.wait(0.1)
    assert screen.getvalue() == ""


def test_without_a_terminal_work_of_unknown_length_is_reported():
    screen = Screen(is_terminal=False)
    with shown_at_once(Progress("approving"), screen):
        assert screen.was_written.wait(30)
    assert screen.getvalue().startswith("approving: 0 s\n")


def test_lines_can_be_entries_of_a_log():
    screen = Screen(is_terminal=False)
    entries: queue.SimpleQueue[str] = queue.SimpleQueue()
    progress = Progress("stream.jsonl", lambda: 0.5, lambda: 0)
    with shown(progress, screen, line_seconds=0.001, tell=entries.put):
        assert entries.get(timeout=30) == "stream.jsonl: 50%, 0 records"
    assert screen.getvalue() == ""


def test_work_that_is_soon_done_leaves_no_line():
    screen = Screen(is_terminal=False)
    with shown(Progress("replay", lambda: 0.5, lambda: 0), screen):
        pass
    assert screen.getvalue() == ""

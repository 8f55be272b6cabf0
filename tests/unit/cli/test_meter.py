"""What is said of a long reading while it lasts."""

import io
import threading

import pytest

from sync_worker.cli import progress
from sync_worker.cli.progress import Meter, shown


def text(seconds, read, fraction):
    clock = iter([0.0, seconds])
    return Meter("replay", lambda: fraction, lambda: read, lambda: next(clock)).text()


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


@pytest.mark.parametrize(
    ("is_terminal", "begin", "end"), [(True, "\r\x1b[K", "\r"), (False, "", "\n")]
)
def test_a_terminal_has_one_line_drawn_anew_and_a_file_whole_lines(
    monkeypatch, is_terminal, begin, end
):
    monkeypatch.setattr(progress, "_REDRAW_SECONDS", 0.001)
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.001)
    screen = Screen(is_terminal=is_terminal)
    with shown(Meter("replay", lambda: 0.5, lambda: 0), screen):
        assert screen.was_written.wait(30)
    assert screen.getvalue().startswith(f"{begin}replay: 50%, 0 records{end}")


def test_a_reading_that_is_over_soon_leaves_no_line():
    screen = Screen(is_terminal=False)
    with shown(Meter("replay", lambda: 0.5, lambda: 0), screen):
        pass
    assert screen.getvalue() == ""

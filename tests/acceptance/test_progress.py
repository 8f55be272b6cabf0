"""Progress of long work on a terminal: how much, how fast, and how long it will still take."""

import os
import re
import subprocess
import termios
import threading
from pathlib import Path

import pytest
from tests.builders import activated, record, region_changed, write_archive
from tests.harness.command import INSTALLED

CLINICS = 20_000
UNKNOWN_REGION = "11"


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """An archive of many clinics, and as many records that become dead letters."""
    ids = [f"SE2321000016-K{n:05}" for n in range(CLINICS)]
    good = (activated(hsa_id, 0, regionCode="01") for hsa_id in ids)
    bad = (region_changed(hsa_id, 1, UNKNOWN_REGION) for hsa_id in ids)
    records = (record(event, offset=n) for n, event in enumerate([*good, *bad]))
    folder = tmp_path_factory.mktemp("many")
    folder.joinpath("ids.txt").write_text("\n".join(ids))
    # A list of TAK is written fast: fewer would be done before a line is drawn.
    in_tak = (f"SE2321000016-T{n:06}" for n in range(5 * CLINICS))
    folder.joinpath("tak.txt").write_text("\n".join(in_tak))
    return write_archive(folder / "stream.jsonl", records)


@pytest.fixture
def on_terminal(installed):
    """Runs a command whose stderr is a terminal, and gives all that was drawn there."""

    def call(*arguments, columns=80):
        reader, terminal = os.openpty()
        termios.tcsetwinsize(terminal, (24, columns))
        drawn: list[bytes] = []
        thread = threading.Thread(target=_read_all, args=(reader, drawn))
        thread.start()
        done = subprocess.run(
            [INSTALLED, *arguments],
            cwd=installed.folder,
            env={**installed.environment, "COLUMNS": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            check=False,
            timeout=300,
        )
        os.close(terminal)
        thread.join()
        os.close(reader)
        text = b"".join(drawn).decode()
        assert done.returncode in (0, 3), text
        return re.findall(r"\r\x1b\[K([^\r\n]+)\r", text)

    return call


def _read_all(reader, drawn):
    try:
        while piece := os.read(reader, 65_536):
            drawn.append(piece)
    except OSError:
        pass  # the other end is closed


def rates(lines, label, unit):
    """The lines that tell everything."""
    whole = rf"{label}: \d+%, \d+ {unit}, \d+ a second, .*\d+ s left"
    return [line for line in lines if re.fullmatch(whole, line)]


def test_long_work_shows_its_rate_and_the_time_left(on_terminal, many):
    archive = str(many)
    steps = [
        (("events", "validate", archive), "validating", "records?"),
        (("run", "--archive", archive), ".*stream.jsonl", "records?"),
        (("reconcile", "--against", f"archive:{archive}"), ".*stream.jsonl", "records?"),
        (("replay", "--archive", archive, "--yes"), "replay", "records?"),
        (("deadletters", "redrive", "--all", "--yes"), "redriving", "dead letters?"),
        (("deadletters", "discard", "--all", "--reason", "R", "--yes"), "discarding", "dead .*"),
        (("clinics", "import", str(many.with_name("ids.txt")), "--yes"), "adding", "rows?"),
        (("tak", "import", str(many.with_name("tak.txt")), "--yes"), "replacing the list", "cl.*"),
    ]
    shown = {" ".join(words[:2]): rates(on_terminal(*words), *told) for words, *told in steps}
    assert [name for name, lines in shown.items() if not lines] == []
    assert all(len(line) < 80 for lines in shown.values() for line in lines)

"""What the installed command does where little or nothing can be written."""

import gzip
import os
import resource
import shutil
import subprocess

import pytest
from tests.acceptance.conftest import COMMAND
from tests.builders import activated, archive_line, record

LINE = archive_line(record(activated("SE2321000016-TA01", 1, regionCode="01")))


def test_a_full_disk_leaves_no_part_of_a_file(installed):
    def with_little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))

    done = subprocess.run(
        [COMMAND, "schemas", "export", "--out", "schemas"],
        cwd=installed.folder,
        env=installed.environment,
        preexec_fn=with_little_room,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"schema.json: File too large." in done.stderr
    assert list((installed.folder / "schemas").iterdir()) == []


READ_ONLY = 'mount -o remount,bind,ro / && mount -o bind,ro /tmp /tmp && exec "$0" "$@"'


@pytest.mark.parametrize("command", [("events", "validate", "-"), ("schemas", "export")])
def test_nothing_is_written_where_the_root_is_read_only(installed, command):
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("only root mounts")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", READ_ONLY, COMMAND, *command],
        cwd="/",
        env=installed.environment,
        input=LINE,
        capture_output=True,
        check=False,
    )
    if b"mount:" in done.stderr:
        pytest.skip("this container mounts nothing")
    assert done.returncode == 0, done.stderr


def test_packed_records_on_standard_input_are_read(installed):
    done = subprocess.run(
        [COMMAND, "events", "validate", "-", "-o", "json"],
        env=installed.environment,
        input=gzip.compress(LINE),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b'"valid": 1' in done.stdout) == (0, True), done.stderr

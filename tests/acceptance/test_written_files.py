"""What the installed command does where little or nothing can be written."""

import gzip
import os
import resource
import shutil

import pytest
from tests.builders import activated, archive_line, record
from tests.harness.command import ended

LINE = archive_line(record(activated("SE2321000016-TA01", 1, regionCode="01")))


def test_a_full_disk_leaves_no_part_of_a_file(installed):
    def with_little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))

    process = installed.start("schemas", "export", "--out", "schemas", preexec_fn=with_little_room)
    done = ended(process)
    assert done.exit_code == 2
    assert "schema.json: File too large." in done.stderr
    assert list((installed.folder / "schemas").iterdir()) == []


READ_ONLY = 'mount -o remount,bind,ro / && mount -o bind,ro /tmp /tmp && exec "$0" "$@"'


@pytest.mark.parametrize("command", [("events", "validate", "-"), ("schemas", "export")])
def test_nothing_is_written_where_the_root_is_read_only(installed, command):
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("only root mounts")
    done = installed(*command, before=["unshare", "--mount", "sh", "-c", READ_ONLY], stdin=LINE)
    if "mount:" in done.stderr:
        pytest.skip("this container mounts nothing")
    assert done.exit_code == 0, done.stderr


def test_packed_records_on_standard_input_are_read(installed):
    done = installed("events", "validate", "-", "-o", "json", stdin=gzip.compress(LINE))
    assert (done.exit_code, done.json["summary"]["valid"]) == (0, 1), done.stderr

"""A disk without room, or that allows no writing: told by name, and nothing is lost by it."""

import shutil

import pytest
from tests.builders import activated, numbered, write_archive
from tests.harness.command import Installed

CLINICS = [f"SE2321000016-T{number:04}" for number in range(400)]


@pytest.fixture(scope="module")
def begun(tmp_path_factory, upgraded):
    """A folder with a registry that knows half of the clinics, and with what is yet to be read."""
    folder = tmp_path_factory.mktemp("begun")
    shutil.copy(upgraded, folder / "registry.db")
    records = numbered([activated(hsa_id, 1, regionCode="01") for hsa_id in CLINICS])
    write_archive(folder / "first.jsonl", records[:200])
    write_archive(folder / "all.jsonl", records)
    (folder / "clinics.csv").write_text("hsa_id\n" + "\n".join(CLINICS[:5]) + "\n")
    assert Installed(folder)("run", "--archive", "first.jsonl").exit_code == 0
    return folder


@pytest.fixture
def small(disk, begun):
    """A small disk with that registry, and the command, called from elsewhere."""
    made = disk(4)
    command = Installed(begun)
    command.database = made.folder / "registry.db"
    command.environment["SYNC_WORKER_DATABASE_URL"] = f"sqlite:///{command.database}"
    shutil.copy(begun / "registry.db", command.database)
    return made, command


WRITING = [
    ("run", "--archive", "all.jsonl"),
    ("clinics", "add", CLINICS[0]),
    ("clinics", "import", "clinics.csv", "--yes"),
    ("deadletters", "redrive", "--all", "--yes"),
    ("boards", "set", "01", "SE2321000016-PN01", "--name", "Nämnden", "--ticket", "I-1", "--yes"),
]


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_a_full_disk_is_named_and_nothing_lost(small, arguments):
    disk, command = small
    before = command("clinics", "list", "-o", "json").stdout
    disk.fill()
    done = command(*arguments, "-o", "json")
    assert done.exit_code == 5, done.stderr
    assert f"the disk is full at {disk.folder}" in done.error_text
    assert "Make room" in done.error_text
    disk.make_room()
    assert command("clinics", "list", "-o", "json").stdout == before
    assert command("deadletters", "list", "-o", "json").items == []
    assert command(*arguments).exit_code == 0


def test_a_disk_that_fills_up_midway_keeps_whole_transactions(small):
    disk, command = small
    disk.fill(leave_bytes=200_000)
    done = command(
        "run", "--archive", "all.jsonl", "-o", "json", SYNC_WORKER_BATCH_MAX_RECORDS="10"
    )
    assert done.exit_code == 5, done.stderr
    assert "the disk is full" in done.error_text
    disk.make_room()
    rest = command("run", "--archive", "all.jsonl", "-o", "json")
    assert rest.exit_code == 0, rest.stderr
    assert rest.json["read"] + done.json["read"] == len(CLINICS) - 200, "beside those before"
    assert rest.json["dead_lettered"] == done.json["dead_lettered"] == 0


FILES = [
    ("schemas", "export", "--out"),
    ("clinics", "import", "clinics.csv", "--yes", "--report"),
]


@pytest.mark.parametrize("arguments", FILES, ids=" ".join)
@pytest.mark.parametrize("state", ["full", "read-only"])
def test_a_file_that_cannot_be_written_leaves_nothing(disk, installed, tmp_path, arguments, state):
    made = disk(1)
    write_archive(tmp_path / "a.jsonl", numbered([activated(CLINICS[0], 1, regionCode="01")]))
    (tmp_path / "clinics.csv").write_text(f"hsa_id\n{CLINICS[0]}\n{CLINICS[1]}\n")
    assert installed("run", "--archive", "a.jsonl").exit_code == 0
    (made.folder / "old").mkdir()
    path = made.folder / "old" / "result.csv" if "--report" in arguments else made.folder / "old"
    if state == "full":
        made.fill()
    else:
        made.allow_writing(allowed=False)
    done = installed(*arguments, path, "-o", "json")
    assert done.exit_code == 2, done.stderr
    said = "No space left on device" if state == "full" else "Read-only file system"
    assert said in done.error_text
    assert ("Make room" in done.error_text) == (state == "full")
    assert list((made.folder / "old").iterdir()) == []


def test_a_disk_that_allows_no_writing_is_named(small):
    disk, command = small
    disk.allow_writing(allowed=False)
    done = command("clinics", "add", CLINICS[0], "-o", "json")
    assert done.exit_code == 5
    assert f"nothing can be written to {disk.folder}" in done.error_text
    disk.allow_writing(allowed=True)
    assert command("clinics", "add", CLINICS[0]).exit_code == 0

"""Files that commands write: through no link, into nothing else than a file, for nobody else."""

import os
import socket
import stat

import pytest
from tests.worlds.command_line import A

from sync_worker.files.atomic import AtomicFile, FileKind, NotARegularFile
from sync_worker.registry.dialect import open_engine


def a_socket(path):
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(str(path))
    opened.close()


def a_device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes a device")


OBSTACLES = {
    FileKind.LINK: lambda path: path.symlink_to(path.with_name("target")),
    FileKind.FOLDER: lambda path: path.mkdir(),
    FileKind.PIPE: os.mkfifo,
    FileKind.SOCKET: a_socket,
    FileKind.DEVICE: a_device,
}


@pytest.fixture
def without_mask():
    """Everything may be read by everybody, unless the program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("kind", FileKind)
def test_what_is_not_a_file_is_left_alone_and_reported(
    sync_worker, database, folder, monkeypatch, kind
):
    place = folder / "place"
    OBSTACLES[kind](place)
    (folder / "list.txt").write_text(f"{A}\n")
    for command in (
        ("events", "export", "--out", str(place), "--yes"),
        ("clinics", "import", "list.txt", "--yes", "--report", str(place)),
    ):
        told = sync_worker(*command, "-o", "json")
        assert told.exit_code == 2
        assert f"cannot be written: it is {kind}." in told.error["message"]
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{place}")
    upgraded = sync_worker("db", "upgrade")
    assert (upgraded.exit_code, "no database file" in upgraded.stderr) == (2, True)
    with pytest.raises(NotARegularFile) as raised:
        AtomicFile(place)
    assert raised.value.kind is kind
    assert sorted(path.name for path in folder.iterdir()) == ["list.txt", "place", "registry.db"]


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_link_planted_beside_a_new_database_is_refused(sync_worker, folder, monkeypatch, end):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{folder / 'new.db'}")
    (folder / f"new.db{end}").symlink_to(folder / "target")
    assert sync_worker("db", "upgrade").exit_code == 2
    assert not (folder / "target").exists()


def test_schemas_go_through_no_link(sync_worker, folder):
    (folder / "schemas").mkdir()
    planted = folder / "schemas" / "eservices.clinic.activated.v1.schema.json"
    planted.symlink_to(folder / "target")
    told = sync_worker("schemas", "export", "--out", "schemas")
    assert (told.exit_code, "it is a symbolic link" in told.stderr) == (2, True)
    assert not (folder / "target").exists()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("setting", ["DATABASE_URL", "SUPPORT_DATABASE_URL"])
def test_no_file_takes_the_place_of_a_registry(
    sync_worker, database, monkeypatch, setting, end, language
):
    folder = database.parent
    monkeypatch.setenv("SYNC_WORKER_LANG", language)
    registry = database
    if setting.startswith("SUPPORT"):
        registry = folder / "other.db"
        (folder / "link.db").symlink_to(registry)
        monkeypatch.setenv(f"SYNC_WORKER_{setting}", f"sqlite:///{folder / 'link.db'}")
        registry.write_bytes(database.read_bytes())
    (folder / "list.txt").write_text(f"{A}\n")
    before = content(folder)
    for place in (f"{registry.name}{end}", f"../{folder.name}/{registry.name}{end}"):
        for command in (
            ("clinics", "import", "list.txt", "--dry-run", "--report", place),
            ("clinics", "import", "list.txt", "--yes", "--report", place),
            ("events", "export", "--out", place, "--yes"),
            ("schemas", "export", "--out", place),
        ):
            told = sync_worker(*command, "-o", "json")
            assert told.exit_code == 2
            assert told.error["code"] == "file"
            nothing_changed = {"en": "Nothing was changed.", "sv": "Ingenting ändrades."}[language]
            assert nothing_changed in told.error["message"]
    assert content(folder) == before


def test_no_schema_takes_the_place_of_a_registry(sync_worker, database, folder, monkeypatch):
    name = "eservices.clinic.activated.v1.schema.json"
    database.rename(folder / name)
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{name}")
    before = content(folder)
    told = sync_worker("schemas", "export", "--out", ".")
    assert (told.exit_code, "Nothing was changed." in told.stderr) == (2, True)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        (("clinics", "import", "list.txt", "--yes", "--report"), ("", " ", "-", "x/", "x/.")),
        (("events", "export", "--yes", "--out"), ("", " ", "x/", "x/.")),
        (("schemas", "export", "--out"), ("", " ", "-")),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_path_is_judged_as_it_was_typed(sync_worker, folder, command, paths):
    (folder / "list.txt").write_text(f"{A}\n")
    before = content(folder)
    for path in paths:
        told = sync_worker(*command, path, "-o", "json")
        assert (told.exit_code, told.error["code"]) == (2, "usage")
        assert f"Invalid value for '{command[-1]}'" in told.error["message"]
    assert content(folder) == before


@pytest.mark.usefixtures("database")
def test_a_file_may_be_called_a_dash(sync_worker, folder):
    (folder / "list.txt").write_text(f"{A}\n")
    assert sync_worker("clinics", "import", "list.txt", "--yes", "--report", "./-").exit_code == 3
    assert (folder / "-").is_file()


@pytest.mark.usefixtures("without_mask")
def test_database_and_report_are_for_their_owner_alone(sync_worker, folder, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", f"sqlite:///{folder / 'new.db'}")
    assert sync_worker("db", "upgrade").exit_code == 0
    (folder / "report.csv").touch(0o644)
    (folder / "list.txt").write_text(f"{A}\n")
    engine = open_engine(f"sqlite:///{folder / 'new.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM clinic")
        modes = {path.name: mode(path) for path in folder.glob("new.db*")}
    engine.dispose()
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm"), 0o600)
    assert (
        sync_worker("clinics", "import", "list.txt", "--yes", "--report", "report.csv").exit_code
        == 3
    )
    assert mode(folder / "report.csv") == 0o600


@pytest.mark.usefixtures("database")
def test_a_database_that_others_may_read_is_pointed_out(sync_worker, database):
    assert "chmod" not in sync_worker("db", "upgrade").stderr
    database.chmod(0o644)
    told = sync_worker("db", "upgrade")
    assert (told.exit_code, f"chmod 600 {database}" in told.stderr) == (0, True)
    assert mode(database) == 0o644


@pytest.mark.parametrize("stands_there", [None, b"an older one"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_ends_midway_leaves_what_there_was(tmp_path, stands_there, error):
    path = tmp_path / "file"
    if stands_there:
        path.write_bytes(stands_there)

    def begin():
        with AtomicFile(path) as file:
            file.content.write(b"the beginning")
            raise error

    with pytest.raises(error):
        begin()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [stands_there] * bool(stands_there)


def test_a_link_planted_during_writing_is_not_followed(tmp_path):
    target = tmp_path / "target"
    with AtomicFile(tmp_path / "file") as file:
        (tmp_path / "file").symlink_to(target)
        with pytest.raises(NotARegularFile):
            file.put()
    assert not target.exists()

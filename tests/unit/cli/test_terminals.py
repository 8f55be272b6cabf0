"""What every list looks like on a terminal, and that a pipe gets all of it."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from tests.builders import activated, deactivated, numbered, write_archive

from sync_worker.events.record import Partition
from sync_worker.registry import workers
from sync_worker.registry.dialect import open_engine

LONG = "Barn- och ungdomspsykiatriska mottagningen Örnsköldsvik Åsele"
NAMES = (LONG, "東京クリニック" * 4, "Kliniken e\u0301e\u0301", "x" * 100)
IDS = [f"SE2321000016-T{number:03}" for number in range(len(NAMES))]
LISTS = (
    "status",
    "doctor",
    "clinics list",
    f"clinics show {IDS[0]} --history",
    f"clinics explain {IDS[0]}",
    f"clinics explain {IDS[3]}",
    "clinics list --as-of {moment}",
    "clinics closures --since {moment}",
    "clinics add SE2321000016-NONE --dry-run",
    "deadletters list",
    "deadletters show 1",
    "events validate stream.jsonl",
    "holds list --status all",
    "holds show 1",
    "log list",
    "positions list",
    "regions list",
    "config show",
)


@pytest.fixture
def populated(database, folder, sync_worker, monkeypatch):
    """Registered clinics with long names, a hold and two dead letters; when they were added."""
    events = [
        activated(hsa_id, 1, regionCode="01", name=name)
        for hsa_id, name in zip(IDS, NAMES, strict=True)
    ]
    bad = [activated(hsa_id, 2, regionCode="1X") for hsa_id in IDS[:2]]
    write_archive(folder / "stream.jsonl", numbered([*events, *bad]))
    assert sync_worker("run", "--archive", "stream.jsonl").exit_code == 0
    assert sync_worker("clinics", "add", *IDS, "--reason", "Order 17").exit_code == 0
    moment = datetime.now(UTC)
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_CHANGES", "1")
    monkeypatch.setenv("SYNC_WORKER_GUARD_MAX_PERCENT", "0")
    ends = [deactivated(hsa_id, 3) for hsa_id in IDS]
    write_archive(folder / "ends.jsonl", numbered(ends))
    assert sync_worker("run", "--archive", "ends.jsonl").exit_code == 3
    return moment


@pytest.fixture
def lists(populated):
    """The commands, about a moment that the change log tells of."""
    return [command.format(moment=populated.isoformat()) for command in LISTS]


@pytest.fixture
def on_terminal(sync_worker, monkeypatch):
    """Calls a command whose standard output is a terminal of so many columns."""

    def call(command, columns):
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout.isatty", lambda: True)
            return sync_worker(*command.split(), COLUMNS=str(columns))

    return call


def widest(text):
    wide = {"W": 2, "F": 2}
    return max(
        sum(
            0 if unicodedata.combining(character) else wide.get(east_asian(character), 1)
            for character in line
        )
        for line in text.splitlines()
    )


def east_asian(character):
    return unicodedata.east_asian_width(character)


def test_every_list_fits_terminals_of_40_80_and_120_columns(on_terminal, lists):
    for columns in (40, 80, 120):
        for command in lists:
            told = on_terminal(command, columns)
            assert told.stdout, command
            assert widest(told.stdout) <= columns, f"{command}\n{told.stdout}"


def test_a_pipe_gets_every_column_and_whole_cells(sync_worker, lists):
    for command in (command for command in lists if command != "doctor"):  # free disk space changes
        narrow = sync_worker(*command.split(), COLUMNS="40")
        assert narrow.stdout == sync_worker(*command.split(), COLUMNS="400").stdout
        assert "do not fit" not in narrow.stderr
    assert all(name in sync_worker("clinics", "list").stdout for name in NAMES)


@pytest.mark.usefixtures("populated")
def test_80_columns_show_what_an_operator_looks_for(on_terminal):
    heads = {
        command: on_terminal(command, 80).stdout.splitlines()[0].split()
        for command in ("clinics list", "deadletters list", "holds list --status all", "log list")
    }
    assert heads == {
        "clinics list": ["hsa_id", "name", "region_code", "status"],
        "deadletters list": ["id", "key", "reason", "detail", "status"],
        "holds list --status all": ["id", "kind", "region_code", "count", "revision", "status"],
        "log list": ["at", "change", "hsa_id", "old", "new", "actor"],
    }


@pytest.mark.usefixtures("populated")
def test_doctor_shows_failures_and_warnings_first_with_their_fix(on_terminal, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    lines = on_terminal("doctor", 80).stdout.splitlines()
    states = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
    assert states == sorted(states, key=["fail", "warn", "ok", "skip"].index)
    assert {"fail", "warn", "ok", "skip"} == set(states)
    assert next(line for line in lines if "Fix:" in line).startswith(" " * 20)


@pytest.fixture
def reported(database):
    """Two workers with names and partitions as long as they get; one of them is silent."""
    engine = open_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        now = workers.now(connection)
        topics = ("eservices.clinic.activation", "eservices.clinic.region")
        every_other = range(0, 60, 2)
        partitions = tuple(Partition(topic, number) for topic in topics for number in every_other)
        reasons = (workers.Reason("kafka_refused", "login refused: " + "x " * 100),)
        condition = workers.Condition(reasons, now, partitions)
        for letter, ago in (("a", 0), ("b", 3600)):
            process = workers.Process(letter * 100, letter * 60, 2**22, "10.10.10", now)
            seen_at = now - timedelta(seconds=ago)
            workers.report(connection, process, condition, seen_at)
    engine.dispose()


@pytest.mark.usefixtures("reported")
def test_the_workers_fit_terminals_and_keep_what_matters(on_terminal):
    for columns in (40, 80, 120):
        told = on_terminal("status", columns)
        assert widest(told.stdout) <= columns, told.stdout
        assert told.stdout.startswith("needs attention: worker")
        shown = "".join(told.stdout.split())
        assert "silent" in shown
        assert "not_ready" in shown
        assert "a" * 38 in shown

"""What cannot be done ends with its exit code, a sentence and a hint, and without a secret."""

import sqlite3

import pytest
from kafka.errors import TopicAuthorizationFailedError
from tests.worlds.command_line import A

from sync_worker.streams.kafka.rights import Operation, missing_right
from sync_worker.streams.kafka.settings import KafkaSettings

PASSWORD = "h3mligt-ord"
NOBODY = "SE2321000016-NONE"

NOT_FOUND = [
    (("clinics", "show", NOBODY), NOBODY),
    (("clinics", "list", "--region", "1"), "'1'"),
    (("clinics", "list", "--region", "01", "--region", "02"), "'02'"),
    (("clinics", "add", A, "--region", "99"), "'99'"),
    (("clinics", "remove", A, "--region", ""), "''"),
    (("regions", "show", "11"), "'11'"),
    (("boards", "set", "15", A, "--name", "N", "--ticket", "T"), "'15'"),
    (("boards", "clear", "16", "--ticket", "T"), "'16'"),
    (("deadletters", "show", "99"), "99"),
    (("run", "--archive", "none.jsonl"), "none.jsonl"),
    (("events", "validate", "none.jsonl"), "none.jsonl"),
    (("positions", "reset", "--archive", "none.jsonl", "--to", "earliest"), "none.jsonl"),
    (("positions", "reset", "--topic", "none", "--to", "earliest"), "position"),
]
UNCONFIRMED = [
    ("clinics", "remove", A),
    ("boards", "clear", "01", "--ticket", "T-2"),
    ("boards", "set", "03", A, "--name", "N", "--ticket", "T-2"),
    ("positions", "reset", "--to", "earliest"),
]
DOCUMENTS = [
    ("status",),
    ("clinics", "show", A),
    ("regions", "show", "01"),
    ("deadletters", "show", "1"),
    ("db", "current"),
    ("db", "upgrade"),
    ("run", "--archive", "stream.jsonl"),
    ("schemas", "export"),
    ("boards", "clear", "01", "--ticket", "T-2", "--yes"),
]
MISUSED = [
    ("boards", "set", "03", "not-an-id", "--name", "N", "--ticket", "T"),
    ("boards", "set", "03", A, "--name", "\u00a0", "--ticket", "T"),
    ("boards", "set", "03", A, "--name", "N"),
    ("boards", "clear", "03"),
    ("clinics", "add"),
    ("clinics", "add", A, "--actor", " "),
    ("clinics", "list", "--limit", "-1"),
    ("deadletters", "show", "0"),
    ("deadletters", "list", "--code", "bad"),
    ("positions", "reset", "--to", "offset:-1"),
    ("positions", "reset", "-y"),
]


def contents(database):
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


def error_of(told, exit_code):
    assert told.exit_code == exit_code, told.stderr
    error = told.error
    assert error["hint"]
    return error


@pytest.mark.parametrize(("arguments", "named"), NOT_FOUND)
def test_what_there_is_not_is_named_and_ends_with_6(populated, sync_worker, arguments, named):
    error = error_of(sync_worker(*arguments, "-o", "json"), 6)
    assert error["code"] == "not_found"
    assert named in error["message"]


@pytest.mark.parametrize("arguments", UNCONFIRMED, ids=" ".join)
def test_without_a_terminal_and_without_yes_nothing_is_done(populated, sync_worker, arguments):
    before = contents(populated)
    told = sync_worker(*arguments, "-o", "json", stdin=None)
    assert told.exit_code == 2
    assert '"confirmation_needed"' in told.stderr
    assert "--yes" in told.stderr
    assert contents(populated) == before


@pytest.mark.parametrize("arguments", DOCUMENTS, ids=" ".join)
def test_csv_of_a_document_is_refused_before_anything_happens(populated, sync_worker, arguments):
    before = contents(populated)
    told = sync_worker(*arguments, "-o", "csv")
    assert told.exit_code == 2
    assert told.stdout == ""
    assert "csv" in told.stderr
    assert contents(populated) == before


@pytest.mark.parametrize("arguments", MISUSED, ids=" ".join)
def test_what_is_typed_wrongly_ends_with_2(populated, sync_worker, arguments):
    assert error_of(sync_worker(*arguments, "-o", "json"), 2)["code"] == "usage"


@pytest.fixture
def databases(folder, monkeypatch):
    """Files that are no registry; points the settings at a database."""
    (folder / "folder.db").mkdir()
    (folder / "letter.db").write_text("this is a letter, and no database" * 99)
    (folder / "empty.db").touch()
    with sqlite3.connect(folder / "newer.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    return lambda url: monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", url)


@pytest.mark.parametrize(
    ("url", "exit_code", "code"),
    [
        ("sqlite:///none.db", 2, "configuration"),
        ("sqlite:///folder.db", 2, "configuration"),
        ("sqlite:///none/folder.db", 2, "configuration"),
        ("sqlite:///letter.db", 2, "configuration"),
        ("sqlite:///newer.db", 2, "revision"),
        ("sqlite:///empty.db", 2, "revision"),
        (f"mysql://worker:{PASSWORD}@host/registry", 2, "configuration"),
        (f"postgresql://worker:{PASSWORD}@host:x/registry", 2, "configuration"),
    ],
)
@pytest.mark.parametrize("command", [("status",), ("clinics", "list"), ("regions", "list")])
def test_an_unusable_database_is_reported_without_a_password(
    databases, sync_worker, url, exit_code, code, command
):
    databases(url)
    told = sync_worker(*command, "-o", "json")
    assert error_of(told, exit_code)["code"] == code
    assert PASSWORD not in told.stderr


@pytest.mark.parametrize("command", [("db", "upgrade"), ("status",)])
@pytest.mark.parametrize("form", ["table", "json"])
def test_an_unreachable_server_is_reported_without_its_password(
    databases, sync_worker, command, form
):
    databases(f"postgresql://worker:{PASSWORD}@127.0.0.1:1/registry")
    told = sync_worker(*command, "-o", form, "--debug")
    assert told.exit_code in {2, 5}, "2 where its driver is not installed"
    assert "sync-worker config show" in told.stderr or told.exit_code == 2
    assert PASSWORD not in told.stderr


def test_an_upgrade_refuses_the_schema_of_a_newer_program(databases, sync_worker):
    databases("sqlite:///newer.db")
    assert error_of(sync_worker("db", "upgrade", "-o", "json"), 2)["code"] == "revision"


def test_support_is_shown_its_own_database(database, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_SUPPORT_DATABASE_URL", "sqlite:///none.db")
    told = sync_worker("boards", "clear", "01", "--ticket", "T-1", "-y", "-o", "json")
    assert "none.db" in error_of(told, 2)["message"]
    assert sync_worker("status").exit_code == 0


def test_a_worker_without_any_source_says_what_to_set(database, sync_worker):
    told = sync_worker("run", "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    assert "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS" in told.error["message"]
    assert "--archive" in told.error["hint"]


@pytest.mark.parametrize(
    ("command", "has_option"),
    [
        (("replay", "--dry-run"), True),
        (("reconcile", "--against", "topics"), False),
        (("events", "export", "--out", "-"), False),
        (("events", "publish", "stream.jsonl", "--dry-run"), False),
        (("topics", "create"), False),
    ],
)
def test_an_option_is_hinted_at_where_the_command_has_it(
    populated, sync_worker, command, has_option
):
    told = sync_worker(*command, "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    hint = "Set it to host:port"
    assert told.error["hint"].startswith(f"{hint}," if has_option else f"{hint}.")
    assert ("--archive" in told.error["hint"]) is has_option


def test_a_missing_archive_is_reported_before_kafka(sync_worker):
    told = sync_worker("events", "publish", "nofile", "-o", "json")
    assert (told.exit_code, told.error["message"]) == (6, "The file nofile does not exist.")


def test_the_registrys_status_is_shown_if_kafka_refuses_the_user(
    populated, sync_worker, monkeypatch
):
    def refuse(*_settings):
        error = TopicAuthorizationFailedError("a-topic")
        raise missing_right(error, Operation.DESCRIBE, KafkaSettings("host:9092", (), "group"))

    monkeypatch.setattr("sync_worker.bootstrap.streams.KafkaAdmin", refuse)
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "host:9092")
    told = sync_worker("status", "-o", "json")
    assert told.exit_code == 0, told.stderr
    assert told.json["lag"] is None
    assert "lacks the right DESCRIBE on the topic a-topic" in told.json["attention"][0]


@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE", "KEYFILE"])
@pytest.mark.parametrize(
    "line", ["run --until-idle 0", "topics create", "status", "events export --out x.jsonl"]
)
def test_an_unreadable_kafka_security_file_is_refused_before_connecting(
    populated, sync_worker, monkeypatch, name, line
):
    """It would look like brokers that do not answer, for ever."""
    readable, missing = str(populated), str(populated.with_name("none.pem"))
    files = {f"SYNC_WORKER_KAFKA_SSL_{one}": readable for one in ("CAFILE", "CERTFILE", "KEYFILE")}
    for variable, file in (files | {f"SYNC_WORKER_KAFKA_SSL_{name}": missing}).items():
        monkeypatch.setenv(variable, file)
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SECURITY_PROTOCOL", "SSL")
    error = error_of(sync_worker(*line.split(), "-o", "json"), 2)
    assert error["code"] == "configuration"
    assert f"SYNC_WORKER_KAFKA_SSL_{name} names {missing}" in error["message"]


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize("line", [("db", "upgrade"), ("status",), ("tak", "list")])
def test_a_blank_database_url_makes_no_registry(sync_worker, folder, monkeypatch, line, blank):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", blank)
    told = sync_worker(*line)
    assert (told.exit_code, told.stdout, list(folder.iterdir())) == (2, "", [])
    assert "SYNC_WORKER_DATABASE_URL is set and blank" in told.stderr


def test_a_missing_archive_ends_the_worker_without_counts(populated, sync_worker):
    failed = sync_worker("run", "--archive", "none.jsonl")
    assert (failed.exit_code, failed.stdout) == (6, "")

"""`doctor` as it is typed: its items, its exit codes, and settings that are wrong."""

import pytest
from tests.builders import activated, numbered, write_archive
from tests.worlds.command_line import A
from tests.worlds.settings import named

LEAST = {
    "settings", "database", "revision", "kafka", "topics", "positions",
    "registrations", "dead_letters", "holds"
}  # fmt: skip

LOGIN = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "worker",
    "KAFKA_SASL_PASSWORD": "h3mligt-ord",
}


def states(told):
    return {item["id"]: item["status"] for item in told.items}


def test_without_kafka_nothing_fails_and_what_it_needs_is_skipped(database, sync_worker):
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 0, told.stderr
    assert set(states(told)) >= LEAST
    assert all(set(item) == {"id", "status", "detail", "fix"} for item in told.items)
    assert states(told)["database"] == states(told)["revision"] == "ok"
    assert states(told)["kafka"] == states(told)["topics"] == states(told)["positions"] == "skip"


def test_a_missing_database_fails_with_its_fix(folder, sync_worker):
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 3
    item = next(item for item in told.items if item["id"] == "database")
    assert item["status"] == "fail"
    assert item["fix"] == (
        "sync-worker db upgrade creates it; SYNC_WORKER_DATABASE_URL says where."
    )
    assert list(folder.iterdir()) == []


def test_wrong_settings_are_an_item_and_no_crash(database, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_HTTP_PRT", "1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SASL_PASSWORD", "hush")
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["settings"] == "fail"
    assert set(states(told).values()) == {"fail", "skip"}
    assert set(states(told)) >= LEAST
    item = told.items[0]
    assert "SYNC_WORKER_HTTP_PORT" in item["detail"]
    assert "SYNC_WORKER_KAFKA_SASL_USERNAME" in item["detail"]
    assert "hush" not in told.stdout


@pytest.mark.parametrize("form", ["table", "csv"])
def test_it_is_a_list_in_every_form(database, sync_worker, form):
    told = sync_worker("doctor", "-o", form)
    assert told.exit_code == 0
    assert all(name in told.stdout for name in LEAST)


def test_the_registry_is_checked_even_if_kafka_is_unavailable(populated, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["kafka"] == "fail"
    assert states(told)["topics"] == "skip"
    assert states(told)["dead_letters"] == states(told)["boards"] == "warn"


def test_a_mass_of_dead_letters_fails(database, folder, sync_worker):
    bad = [activated(A, n, regionCode="11") for n in range(100)]
    write_archive(folder / "a.jsonl", numbered(bad))
    assert sync_worker("run", "--archive", "a.jsonl").exit_code == 0
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["dead_letters"] == "fail"
    assert "Failed: dead_letters." in told.stderr


def test_a_missing_kafka_security_file_is_not_our_bug(database, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SSL_CAFILE", "/nope")
    told = sync_worker("doctor", "-o", "json")
    assert told.exit_code == 3
    (item,) = (item for item in told.items if item["id"] == "kafka")
    assert item["status"] == "fail"
    assert "SYNC_WORKER_KAFKA_SSL_CAFILE names /nope" in item["detail"]


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"DATABASE_URL": "postgresql://db.invalid/registry"}, "warn"),
        ({"DATABASE_URL": "postgresql://db.invalid/registry?sslmode=prefer"}, "warn"),
        ({"DATABASE_URL": "postgresql://127.0.0.1,db.invalid/registry"}, "warn"),
        ({"SUPPORT_DATABASE_URL": "postgresql://db.invalid/r?sslmode=disable"}, "warn"),
        ({"DATABASE_URL": "postgresql://db.invalid/registry?sslmode=require"}, "ok"),
        ({"DATABASE_URL": "postgresql://localhost,[::1]/registry"}, "ok"),
        ({"DATABASE_URL": "postgresql://%2Frun%2Fpostgresql/registry"}, "ok"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "broker.invalid:9092"} | LOGIN, "warn"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1,broker.invalid:9092"} | LOGIN, "warn"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:1"} | LOGIN, "ok"),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "broker.invalid:9092"}
            | LOGIN
            | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            "ok",
        ),
    ],
)
def test_a_secret_in_the_clear_to_another_machine_warns(sync_worker, monkeypatch, given, state):
    for name, value in named(given).items():
        monkeypatch.setenv(name, value)
    (item,) = (
        item for item in sync_worker("doctor", "-o", "json").items if item["id"] == "encryption"
    )
    assert item["status"] == state
    assert bool(item["fix"]) is (state == "warn")


def test_the_clients_own_variable_says_whether_it_is_encrypted(sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_DATABASE_URL", "postgresql://db.invalid/registry")
    monkeypatch.setenv("PGSSLMODE", "require")
    assert states(sync_worker("doctor", "-o", "json"))["encryption"] == "ok"

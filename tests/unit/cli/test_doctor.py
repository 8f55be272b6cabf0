"""`doctor` as it is typed: its items, its exit codes, and settings that are wrong."""

import pytest
from tests.builders import activated, numbered, write_archive
from tests.unit.cli.conftest import A

LEAST = {
    "settings", "database", "revision", "kafka", "topics", "positions",
    "registrations", "dead_letters", "holds"
}  # fmt: skip


def states(told):
    return {item["id"]: item["status"] for item in told.items}


def test_without_kafka_nothing_fails_and_what_it_needs_is_skipped(database, typed):
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 0, told.stderr
    assert set(states(told)) >= LEAST
    assert all(set(item) == {"id", "status", "detail", "fix"} for item in told.items)
    assert states(told)["database"] == states(told)["revision"] == "ok"
    assert states(told)["kafka"] == states(told)["topics"] == states(told)["positions"] == "skip"


def test_a_missing_database_fails_with_its_fix_and_is_not_made(folder, typed):
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 3
    item = next(item for item in told.items if item["id"] == "database")
    assert (item["status"], item["fix"]) == ("fail", "sync-worker db upgrade")
    assert list(folder.iterdir()) == []


def test_wrong_settings_are_an_item_and_no_crash(database, typed, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_HTTP_PRT", "1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SASL_PASSWORD", "hush")
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["settings"] == "fail"
    assert set(states(told).values()) == {"fail", "skip"}
    assert set(states(told)) >= LEAST
    item = told.items[0]
    assert "SYNC_WORKER_HTTP_PORT" in item["detail"]
    assert "SYNC_WORKER_KAFKA_SASL_USERNAME" in item["detail"]
    assert "hush" not in told.stdout


@pytest.mark.parametrize("form", ["table", "csv"])
def test_it_is_a_list_in_every_form(database, typed, form):
    told = typed("doctor", "-o", form)
    assert told.exit_code == 0
    assert all(name in told.stdout for name in LEAST)


def test_kafka_that_does_not_answer_fails_and_the_registry_is_told_all_the_same(
    populated, typed, monkeypatch
):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["kafka"] == "fail"
    assert states(told)["topics"] == "skip"
    assert states(told)["dead_letters"] == states(told)["boards"] == "warn"


def test_a_mass_of_dead_letters_fails(database, folder, typed):
    bad = [activated(A, n, regionCode="11") for n in range(100)]
    write_archive(folder / "a.jsonl", numbered(bad))
    assert typed("run", "--archive", "a.jsonl").exit_code == 0
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 3
    assert states(told)["dead_letters"] == "fail"
    assert "Failed: dead_letters." in told.stderr


def test_a_file_of_kafkas_security_that_is_not_there_is_no_fault_of_the_program(
    database, typed, monkeypatch
):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SSL_CAFILE", "/nope")
    told = typed("doctor", "-o", "json")
    assert told.exit_code == 3
    (item,) = (item for item in told.items if item["id"] == "kafka")
    assert item["status"] == "fail"
    assert "SYNC_WORKER_KAFKA_SSL_CAFILE names /nope" in item["detail"]

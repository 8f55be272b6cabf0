"""Times that no clock has reached yet: told, counted, and never taken for young ones."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.builders import activated, deactivated, numbered, record, write_archive
from tests.worlds.command_line import A, B, C


def ahead(minutes):
    return datetime.now(UTC) + timedelta(minutes=minutes)


@pytest.fixture
def run(database, folder, sync_worker):
    """Reads an archive of an event that is ahead by so many minutes, and of a tombstone too."""

    def read(minutes):
        timestamp_ms = int(ahead(minutes).timestamp() * 1000)
        records = [
            *numbered([activated(A, ahead(minutes), regionCode="01")]),
            record(None, key=B, offset=1, timestamp_ms=timestamp_ms),
        ]
        write_archive(folder / "a.jsonl", records)
        return sync_worker("run", "--archive", "a.jsonl", "-o", "json")

    return read


def test_a_clock_wrong_by_minutes_is_reported(run, sync_worker):
    told = run(5)
    assert (told.json["applied"], told.json["dead_lettered"]) == (2, 0)
    logged = [json.loads(line) for line in told.stderr.splitlines() if "ahead_of_clock" in line]
    assert [(entry["hsa_id"], entry["offset"]) for entry in logged] == [(A, 0), (B, 1)]
    assert all(230 < entry["seconds"] <= 300 for entry in logged)
    (attention,) = sync_worker("status", "-o", "json").json["attention"]
    assert "ahead of the clock" in attention
    found = {item["id"]: item for item in sync_worker("doctor", "-o", "json").items}
    assert found["newest_event"]["status"] == "warn"
    assert "minutes ahead of the clock" in found["newest_event"]["detail"]


def test_a_local_time_written_as_utc_is_dead_lettered(run, sync_worker):
    assert run(55).json["dead_lettered"] == 2
    reasons = {item["reason"] for item in sync_worker("deadletters", "list", "-o", "json").items}
    assert reasons == {"time_in_future"}


def test_whatever_reads_again_tells_of_it_too(database, folder, sync_worker, monkeypatch):
    write_archive(folder / "a.jsonl", numbered([activated(A, ahead(5)), deactivated(A, 0)]))
    told = sync_worker("events", "validate", "a.jsonl")
    assert (told.exit_code, "1 event is over a minute ahead" in told.stderr) == (0, True)
    told = sync_worker("replay", "--archive", "a.jsonl", "--dry-run")
    assert "1 event is over a minute ahead" in told.stderr
    monkeypatch.setenv("SYNC_WORKER_EVENTS_MAX_FUTURE_MINUTES", "0")
    assert sync_worker("run", "--archive", "a.jsonl", "-o", "json").json["dead_lettered"] == 1
    monkeypatch.delenv("SYNC_WORKER_EVENTS_MAX_FUTURE_MINUTES")
    told = sync_worker("deadletters", "redrive", "--all", "--yes")
    assert "1 event is over a minute ahead" in told.stderr
    told = sync_worker("replay", "--archive", "a.jsonl", "--yes")
    assert "1 event is over a minute ahead" in told.stderr


def test_no_extract_is_taken_at_a_time_to_come(populated, folder, sync_worker):
    rows = "".join(f"{hsa_id},yes,01\n" for hsa_id in (A, C))
    (folder / "extract.csv").write_text(f"hsa_id,active,region_code\n{rows}")
    how = ("reconcile", "--against", "snapshot:extract.csv", "--accept-short", "--as-of")
    told = sync_worker(*how, ahead(2).isoformat())
    assert (told.exit_code, "in the future" in told.stderr) == (2, True)
    assert "in the future" not in sync_worker(*how, ahead(0.5).isoformat()).stderr

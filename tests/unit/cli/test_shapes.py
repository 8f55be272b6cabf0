"""What each command that reads prints with `-o json` (contract 4)."""

import pytest
from tests.worlds.command_line import BOARD, A, B, C, D

from sync_worker.registry.schema import HEAD

LISTED = {"hsa_id", "name", "region_code", "active", "registered", "status", "updated_at"}
HISTORY = {
    "at",
    "change",
    "old",
    "new",
    "actor",
    "login",
    "reason",
    "event_id",
    "topic",
    "partition",
}
REGION = {
    *("region_code", "name", "service_on", "patient_board", "registered", "receiving"),
    *("deactivated", "own_system", "attention"),
}
LETTER = {
    *("id", "received_at", "stream", "topic_id", "topic", "partition", "offset"),
    *("key", "reason", "detail", "status"),
}
COUNTS = {"read", "applied", "superseded", "ignored", "dead_lettered"}


@pytest.fixture
def document(populated, sync_worker):
    """What a command prints, read back."""

    def call(*arguments):
        told = sync_worker(*arguments, "-o", "json")
        assert told.exit_code == 0, told.stderr
        return told.json

    return call


@pytest.fixture
def items(document):
    """As `document`, of a list."""

    def call(*arguments):
        listed = document(*arguments)
        assert listed["count"] == len(listed["items"])
        return listed["items"]

    return call


def test_clinics_are_listed_by_hsa_id(items):
    listed = items("clinics", "list")
    assert [item["hsa_id"] for item in listed] == [A, B, C, D]
    assert all(set(item) == LISTED for item in listed)
    statuses = [item["status"] for item in listed]
    assert statuses == ["receiving", "not_registered", "service_off", "not_registered"]


def test_a_clinic_is_shown_with_its_facts_and_its_history(document):
    shown = document("clinics", "show", A.lower(), "--history")
    assert set(shown) >= LISTED | {"facts", "held", "history"}
    assert shown["active"] is True
    assert set(shown["facts"]) == set(shown["held"]) == {"activation", "region", "name"}
    region = shown["facts"]["region"]
    assert (region["value"], region["time"]) == ("01", "2026-01-01T00:00:30Z")
    assert region["event_id"]
    assert set(shown["held"].values()) == {None}
    (entry,) = shown["history"]
    assert set(entry) == HISTORY | {"offset"}
    assert (entry["change"], entry["actor"], entry["reason"]) == ("registered", "anna", "Order 17")


def test_regions_are_listed_and_shown(document, items):
    listed = items("regions", "list")
    assert len(listed) == 21
    assert all(set(item) == REGION for item in listed)
    shown = document("regions", "show", "01")
    assert shown == listed[0]
    assert shown["patient_board"] == {"hsa_id": BOARD, "name": "Nämnden"}
    assert (shown["service_on"], shown["registered"], shown["receiving"]) == (True, 1, 1)
    assert document("regions", "show", "03")["patient_board"] is None


def test_dead_letters_are_listed_and_shown_byte_for_byte(document, items):
    unknown, not_json = items("deadletters", "list")
    assert set(unknown) == LETTER
    assert (unknown["reason"], not_json["reason"]) == ("unknown_region", "invalid_json")
    shown = document("deadletters", "show", str(unknown["id"]))
    assert set(shown) >= LETTER | {"timestamp", "headers", "value"}
    assert shown["headers"] == ["h", "v", "n", None]
    assert shown["timestamp"] == "2026-01-01T00:00:00Z"
    assert '"regionCode": "11"' in shown["value"]
    shown = document("deadletters", "show", str(not_json["id"]))
    assert (shown["key_b64"], shown["value_b64"]) == ("/g==", "/w==")
    assert shown["headers_b64"] == ["h", "/w=="]


def test_dead_letters_are_filtered_by_status_and_reason(items):
    (only,) = items("deadletters", "list", "--code", "unknown_region")
    assert only["key"] == A
    assert items("deadletters", "list", "--status", "redriven") == []
    assert len(items("deadletters", "list", "--status", "all")) == 2


def test_the_status_has_its_shape_and_its_counts_add_up(document):
    shown = document("status")
    (partition,) = shown.pop("partitions")
    place = {"stream", "topic", "partition", "position", "end", "lag", "lag_seconds", "uncommitted"}
    assert set(partition) == place | COUNTS
    assert partition["read"] == partition["position"] == 7
    assert (partition["applied"], partition["dead_lettered"]) == (5, 2)
    assert partition["end"] is partition["lag"] is partition["lag_seconds"] is None
    assert shown["clinics"] == {"known": 4, "registered": 2, "receiving": 1, "deactivated": 0}
    assert shown["regions"] == {"service_on": 1}
    assert shown["dead_letters"]["open"] == 2
    assert shown["dead_letters"]["oldest_at"].endswith("Z")
    assert shown["holds"] == {"open": 0}
    assert shown["newest_event_at"] == "2026-01-01T00:04:00Z"
    assert len(shown["attention"]) == 2
    assert (shown["workers"], shown["oldest_unread_at"]) == ([], None)
    members = {"lag", "reconciled", "clinics", "regions", "dead_letters", "holds", "attention"}
    times = {"last_applied_at", "newest_event_at", "oldest_unread_at"}
    assert set(shown) == members | times | {"workers", "lag_seconds", "uncommitted"}


def test_status_begins_with_one_line_saying_what_to_type(populated, sync_worker):
    first = sync_worker("status").stdout.splitlines()[0]
    assert first.startswith("needs attention: ")
    assert "sync-worker deadletters list" in first


def test_status_always_ends_with_0_and_says_so(populated, sync_worker):
    assert "needs attention" in sync_worker("status").stdout
    assert sync_worker("status").exit_code == 0
    told = [" ".join(sync_worker(*words, "--help").stdout.split()) for words in ((), ("status",))]
    assert "status always ends with 0; scripts ask doctor." in told[0]
    assert "Always ends with 0, whatever needs attention" in told[1]


def test_status_begins_by_saying_that_all_is_well(database, sync_worker):
    assert sync_worker("status").stdout.splitlines()[0] == "healthy"


def test_status_shows_the_rest_if_kafka_does_not_answer(populated, sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    told = sync_worker("status", "-o", "json")
    assert (told.exit_code, told.stderr) == (0, "")
    first, *others = told.json["attention"]
    assert first.startswith("Kafka does not answer")
    assert "127.0.0.1:1" in first
    assert first.endswith("sync-worker doctor")
    assert len(others) == 2
    assert told.json["lag"] is None
    assert told.json["clinics"]["known"] == 4


def test_positions_are_listed(items):
    (position,) = items("positions", "list")
    place = {"stream", "topic", "partition", "position", "end", "lag", "lag_seconds", "uncommitted"}
    assert set(position) == place | COUNTS | {"last_applied_at", "newest_event_at"}
    assert position["end"] is position["lag"] is position["lag_seconds"] is None


def test_the_revision_is_shown_before_and_after_an_upgrade(document):
    assert document("db", "upgrade") == {"before": HEAD, "revision": HEAD}
    shown = {"revision": HEAD, "needed": HEAD, "compatible": True}
    assert document("db", "current") == shown

"""`events validate` and `schemas export`: for those who publish, without a database or Kafka."""

import gzip
import json
from pathlib import Path

import pytest
from tests.builders import activated, archive_line, deactivated, numbered, write_archive
from tests.worlds.command_line import A, B, stream

from sync_worker.events.models import MODELS

MEMBERS = {"line", "topic", "partition", "offset", "key", "verdict", "reason", "detail"}
GOOD = activated(A, 0, regionCode="01")
BAD_REGION = activated(A, 1, regionCode="11")
UNKNOWN = {**GOOD, "type": "eservices.clinic.opened.v1"}
OTHER_VERSION = {**GOOD, "type": "eservices.clinic.activated.v2"}


def written(path: Path, *events):
    path.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    return str(path)


def summary(told):
    return told.json["summary"]


def test_an_archive_is_judged_record_by_record(populated, sync_worker):
    told = sync_worker("events", "validate", "stream.jsonl", "-o", "json")
    assert told.exit_code == 3
    assert all(set(item) == MEMBERS for item in told.items)
    places = [(item["line"], item["offset"], item["reason"]) for item in told.items]
    assert places == [(6, 5, "unknown_region"), (7, 6, "invalid_json")]
    assert {item["verdict"] for item in told.items} == {"dead_lettered"}
    assert summary(told) == {"read": 7, "valid": 5, "ignored": 0, "dead_lettered": 2}


def test_bare_events_are_judged_by_the_line_they_begin_on(folder, sync_worker):
    path = written(folder / "events.json", GOOD, UNKNOWN, OTHER_VERSION, BAD_REGION)
    told = sync_worker("events", "validate", "--format", "events", path, "-o", "json")
    assert told.exit_code == 3
    assert [(item["line"], item["verdict"], item["reason"]) for item in told.items] == [
        (2, "ignored", None),
        (3, "dead_lettered", "unsupported_version"),
        (4, "dead_lettered", "unknown_region"),
    ]
    assert summary(told) == {"read": 4, "valid": 1, "ignored": 1, "dead_lettered": 2}


def test_an_event_over_several_lines_is_one_event(folder, sync_worker):
    indented = "\n".join(json.dumps(event, indent=2) for event in (GOOD, BAD_REGION))
    (folder / "events.json").write_text(indented)
    told = sync_worker("events", "validate", "events.json", "-o", "json")
    (bad,) = told.items
    assert bad["line"] == len(json.dumps(GOOD, indent=2).splitlines()) + 1


def test_invalid_json_does_not_hide_the_next_event(folder, sync_worker):
    path = folder / "events.json"
    path.write_text(f"{json.dumps(GOOD)}\n{{not json\n{json.dumps(GOOD)}\n")
    told = sync_worker("events", "validate", "--format", "events", str(path), "-o", "json")
    assert [(item["line"], item["reason"]) for item in told.items] == [(2, "invalid_json")]
    assert summary(told)["valid"] == 2


@pytest.mark.parametrize(
    "content",
    [
        b"".join(archive_line(record) for record in stream()),
        gzip.compress(b"".join(archive_line(record) for record in stream())),
    ],
    ids=["plain", "packed"],
)
def test_an_archive_may_come_on_standard_input(sync_worker, content):
    told = sync_worker("events", "validate", "-", "-o", "json", stdin=content)
    assert told.exit_code == 3
    assert summary(told)["read"] == 7


def test_bare_events_may_come_on_standard_input(sync_worker):
    piped = f"{json.dumps(GOOD)}\n{json.dumps(deactivated(B, 1))}".encode()
    told = sync_worker("events", "validate", "-", "--format", "events", "-o", "json", stdin=piped)
    assert (told.exit_code, told.items) == (0, [])


def test_ignored_events_need_no_attention(folder, sync_worker):
    path = written(folder / "events.json", GOOD, UNKNOWN)
    told = sync_worker("events", "validate", "--format", "events", path)
    assert told.exit_code == 0
    assert "1 would be ignored" in told.stderr


def test_a_truncated_archive_is_judged_up_to_its_break(folder, sync_worker):
    lines = [archive_line(record) for record in numbered([GOOD, BAD_REGION])]
    (folder / "torn.jsonl").write_bytes(b"".join(lines) + b"torn\n")
    told = sync_worker("events", "validate", "torn.jsonl", "-o", "json")
    assert told.exit_code == 2
    assert [item["line"] for item in told.items] == [2]
    assert "torn.jsonl, line 3" in told.stderr


def test_the_settings_bear_on_the_judgement(folder, sync_worker, monkeypatch):
    write_archive(folder / "a.jsonl", numbered([activated(A, 0, regionCode="26")]))
    assert sync_worker("events", "validate", "a.jsonl").exit_code == 3
    monkeypatch.setenv("SYNC_WORKER_EVENTS_EXTRA_REGIONS", '["26"]')
    assert sync_worker("events", "validate", "a.jsonl").exit_code == 0


def test_nothing_is_created_where_there_is_not_a_database(folder, sync_worker):
    sync_worker("events", "validate", "--format", "events", written(folder / "events.json", GOOD))
    sync_worker("schemas", "export")
    assert [path.name for path in folder.iterdir()] == ["events.json"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_schemas_are_one_object_on_stdout(sync_worker, form):
    schemas = sync_worker("schemas", "export", "-o", form).json
    assert len(schemas) == 2 * len(MODELS)
    assert all(name.endswith(".schema.json") for name in schemas)
    assert all(schema["$schema"] and schema["title"] for schema in schemas.values())


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_the_schemas_are_written_into_a_folder_and_listed(folder, sync_worker, form):
    told = sync_worker("schemas", "export", "--out", "new/schemas", "-o", form)
    assert told.exit_code == 0, told.stderr
    files = {path.name: path for path in (folder / "new" / "schemas").iterdir()}
    exported = sync_worker("schemas", "export", "-o", "json").json
    assert {name: json.loads(path.read_text()) for name, path in files.items()} == exported
    assert all(name in told.stdout for name in files)


def test_a_schema_that_cannot_be_written_is_reported(folder, sync_worker):
    (folder / "schemas").touch()
    told = sync_worker("schemas", "export", "--out", "schemas", "-o", "json")
    assert told.exit_code == 2
    assert "schemas" in told.error["message"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [(), ("--format", "archive"), ("--format", "events")])
@pytest.mark.parametrize("content", [b"", b"\n\n \r\n\t\n", b"\xef\xbb\xbf", b"\n" * 200_000])
def test_without_events_nothing_is_called_valid(folder, sync_worker, content, kind, packed):
    stored = gzip.compress(content) if packed else content
    (folder / "nothing.jsonl").write_bytes(stored)
    for file in ("nothing.jsonl", "-"):
        told = sync_worker("events", "validate", *kind, file, stdin=stored)
        assert (told.exit_code, told.stdout) == (3, "")
        assert told.stderr == "There is no event to validate.\n"
        told = sync_worker("events", "validate", *kind, file, "-q", "-o", "json", stdin=stored)
        assert (told.exit_code, told.items, summary(told)["read"]) == (3, [], 0)
        assert told.stderr == "There is no event to validate.\n"


def test_what_is_read_in_part_is_not_called_valid(folder, sync_worker):
    good = b"".join(archive_line(record) for record in numbered([GOOD]))
    (folder / "broken.jsonl").write_bytes(good + b"no record\n")
    told = sync_worker("events", "validate", "broken.jsonl")
    assert told.exit_code == 2
    assert "All are valid" not in told.stderr
    assert "What was read is valid.\n1 read: 1 valid" in told.stderr

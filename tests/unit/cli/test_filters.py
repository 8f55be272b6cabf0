"""`clinics list`: which clinics are listed."""

import csv
import io

import pytest
from tests.worlds.command_line import A, B, C, D


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [A, B, C, D]),
        (["--region", "01"], [A, B, D]),
        (["--region", "03"], [C]),
        (["--region", "01", "--region", "03"], [A, B, C, D]),
        (["--region", "04"], []),
        (["--status", "receiving"], [A]),
        (["--status", "not_registered"], [B, D]),
        (["--status", "service_off"], [C]),
        (["--status", "deactivated"], []),
        (["--status", "own_system"], []),
        (["--limit", "1"], [A]),
        (["--limit", "99"], [A, B, C, D]),
        (["--region", "01", "--status", "not_registered", "--limit", "1"], [B]),
        (["--search", "tb01"], [B]),
        (["--search", " TB01 "], [B]),
        (["--search", "se2321000016"], [A, B, C, D]),
        (["--search", "EXEMPEL"], [A]),
        (["--search", "exempelkliniken"], [A]),
        (["--search", "Änggården"], [C]),
        (["--search", "änggården"], [C]),
        (["--search", "ÄNGGÅRDEN"], [C]),
        (["--search", "åmottag"], [B]),
        (["--search", "hälsa"], [D]),
        (["--search", "HÄLSA"], [D]),
        (["--search", "100 %"], [D]),
        (["--search", "hälsa_v"], [D]),
        (["--search", "%"], [D]),
        (["--search", "_"], [D]),
        (["--search", "nowhere"], []),
        (["--search", ""], [A, B, C, D]),
    ],
)
def test_what_is_asked_for_is_listed(populated, sync_worker, arguments, expected):
    told = sync_worker("clinics", "list", *arguments, "-o", "json")
    assert told.exit_code == 0, told.stderr
    assert [item["hsa_id"] for item in told.items] == expected


def test_a_list_as_csv_has_the_members_of_the_json(populated, sync_worker):
    rows = list(csv.DictReader(io.StringIO(sync_worker("clinics", "list", "-o", "csv").stdout)))
    items = sync_worker("clinics", "list", "-o", "json").items
    assert [set(row) for row in rows] == [set(item) for item in items]
    assert [row["active"] for row in rows] == ["true", "true", "true", "false"]


def test_an_empty_list_is_a_sentence_or_a_bare_header(populated, sync_worker):
    told = sync_worker("clinics", "list", "--region", "04")
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == "There are no such clinics.\n"
    assert sync_worker("clinics", "list", "--region", "04", "-o", "csv").stdout.startswith(
        "hsa_id,name,"
    )


def test_regions_added_by_setting_can_be_asked_for(populated, sync_worker, monkeypatch):
    assert sync_worker("clinics", "list", "--region", "26").exit_code == 6
    monkeypatch.setenv("SYNC_WORKER_EVENTS_EXTRA_REGIONS", '["26"]')
    assert sync_worker("clinics", "list", "--region", "26").exit_code == 0
    assert "26" in {
        item["region_code"] for item in sync_worker("regions", "list", "-o", "json").items
    }

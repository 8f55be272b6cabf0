"""`regions`: what is pointed out, also of codes that no region in use has."""

import sqlite3

import pytest
from tests.worlds.command_line import A, B, C, contents


@pytest.fixture
def odd(populated):
    """A registered clinic of region 99, which is not in use, and a board of region 98."""
    with sqlite3.connect(populated) as connection:
        connection.execute("UPDATE clinic SET region_code = '99' WHERE hsa_id = ?", [A])
        connection.execute("INSERT INTO patient_board VALUES ('98', 'SE2321000016-PN09', 'N')")
    connection.close()
    return populated


def test_a_boardless_region_with_registered_clinics_is_pointed_out(populated, sync_worker):
    rows = {row["region_code"]: row for row in sync_worker("regions", "list", "-o", "json").items}
    assert {code for code, row in rows.items() if row["attention"]} == {"03"}
    assert rows["03"]["attention"] == "no_patient_board"
    sentence = "Region 03 has no patient board, and 1 clinic is registered there"
    assert sentence in sync_worker("regions", "list", "-q").stderr
    assert sentence in sync_worker("regions", "show", "03").stderr
    assert sync_worker("regions", "show", "01").stderr == ""
    assert sync_worker("regions", "list", "-o", "csv").stderr == ""


def test_what_the_status_complains_of_is_listed_as_it_says(odd, sync_worker):
    (sentence,) = [
        s for s in sync_worker("status", "-o", "json").json["attention"] if "not in use" in s
    ]
    command = sentence.rpartition("sync-worker ")[2].split()
    assert command == ["clinics", "list", "--region", "99"]
    assert [item["hsa_id"] for item in sync_worker(*command, "-o", "json").items] == [A]
    (check,) = [c for c in sync_worker("doctor", "-o", "json").items if c["id"] == "boards"]
    assert check["fix"].startswith("sync-worker clinics list --region 99;")


def test_an_unused_region_is_shown_if_the_registry_has_it(odd, sync_worker):
    rows = sync_worker("regions", "list", "-o", "json").items
    assert [row["region_code"] for row in rows[-2:]] == ["98", "99"]
    shown = sync_worker("regions", "show", "99", "-o", "json").json
    assert shown == rows[-1]
    assert (shown["name"], shown["registered"], shown["attention"]) == (None, 1, "not_in_use")
    told = sync_worker("regions", "show", "99")
    assert told.stdout.startswith("99 not in use\n")
    assert "1 clinic is registered there: sync-worker clinics list --region 99" in told.stderr
    assert sync_worker("regions", "show", "98", "-o", "json").json["service_on"] is False


def test_an_unused_regions_log_and_clinics_can_be_managed(odd, sync_worker):
    logged = sync_worker("log", "list", "--region", "99", "-o", "json").items
    assert {entry["hsa_id"] for entry in logged} == {A}
    compared = sync_worker("reconcile", "--against", "archive:stream.jsonl", "--region", "99")
    assert compared.exit_code == 3
    assert sync_worker("clinics", "remove", A, "--region", "99", "-y").exit_code == 0


def test_a_board_of_an_unused_region_can_only_be_cleared(odd, sync_worker):
    board = ("SE2321000016-PN01", "--name", "N", "--ticket", "T", "-y")
    assert sync_worker("boards", "set", "98", *board).exit_code == 6
    cleared = sync_worker("boards", "clear", "98", "--ticket", "T", "-y")
    assert (cleared.exit_code, cleared.stdout) == (
        0,
        "98 not in use: the service is off\n",
    )
    assert sync_worker("regions", "show", "98").exit_code == 6
    (entry,) = sync_worker("log", "list", "--region", "98", "-o", "json").items[-1:]
    assert (entry["change"], entry["region_code"]) == ("board_cleared", "98")


@pytest.mark.parametrize(
    "arguments",
    [
        ("clinics", "list", "--region", "97"),
        ("regions", "show", "97"),
        ("log", "list", "--region", "97"),
        ("reconcile", "--against", "archive:stream.jsonl", "--region", "97"),
        ("clinics", "add", B, "--region", "97"),
        ("clinics", "remove", C, "--region", "97", "-y"),
        ("boards", "clear", "97", "--ticket", "T", "-y"),
    ],
)
def test_a_code_that_nothing_has_is_not_found(odd, sync_worker, arguments):
    before = contents(odd)
    told = sync_worker(*arguments, "-o", "json")
    assert (told.exit_code, told.stdout, told.error["code"]) == (6, "", "not_found")
    assert contents(odd) == before


def test_a_board_is_not_said_to_be_missing_beneath_it(odd, sync_worker, monkeypatch):
    assert "off: the region is not in use\n" in sync_worker("regions", "show", "98").stdout
    assert "off: the region has no patient board\n" in sync_worker("regions", "show", "99").stdout
    monkeypatch.setenv("SYNC_WORKER_LANG", "sv")
    assert "inte aktiverad: regionen används inte\n" in sync_worker("regions", "show", "98").stdout

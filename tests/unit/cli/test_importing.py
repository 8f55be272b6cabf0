"""Adding and removing the clinics of a file, as an administrator does it (R1)."""

import csv
import io
import sqlite3

import pytest
from tests.worlds.command_line import A, B, C, D

from sync_worker.administration import imports

NOBODY = "SE2321000016-NONE"
# The registry has A (01) and C (03) registered, B (01) active, D (01) closed.
MIXED = (
    f"Mottagning;HSA-id\nÅ;{B}\nB;{B.lower()}\nC;{A}\nD;{D}\nE;{C}\nF;{NOBODY}\nG;12345\n;\nH;\n"
)
JUDGED = [
    (2, B, "added", None),
    (3, B, "refused", "duplicate_in_file"),
    (4, A, "already_registered", None),
    (5, D, "refused", "not_active"),
    (6, C, "refused", "other_region"),
    (7, NOBODY, "refused", "unknown_clinic"),
    (8, "12345", "refused", "malformed_hsa_id"),
    (10, "", "refused", "malformed_hsa_id"),
]


def rows(told):
    return [
        tuple(item[name] for name in ("line", "hsa_id", "outcome", "reason")) for item in told.items
    ]


def contents(database):
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


@pytest.fixture
def imported(populated, sync_worker, folder):
    """Writes a file and imports it."""

    def call(content, *arguments, command=("clinics", "import"), name="clinics.csv"):
        given = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(given)
        return sync_worker(*command, name, *arguments)

    return call


def registered(sync_worker):
    return {
        item["hsa_id"]
        for item in sync_worker("clinics", "list", "-o", "json").items
        if item["registered"]
    }


def test_each_row_is_judged_and_eligible_ones_are_added(imported, sync_worker):
    told = imported(MIXED, "--region", "01", "-y", "-o", "json")
    assert (told.exit_code, rows(told)) == (3, JUDGED)
    assert told.json["summary"] == {
        "added": 1,
        "already_registered": 1,
        "duplicate_in_file": 1,
        "malformed_hsa_id": 2,
        "not_active": 1,
        "other_region": 1,
        "unknown_clinic": 1,
    }
    assert registered(sync_worker) == {A, B, C}


def test_a_dry_run_tells_the_same_and_changes_nothing(imported, populated):
    before = contents(populated)
    told = imported(MIXED, "--region", "01", "--dry-run", "-o", "json")
    assert (told.exit_code, rows(told)) == (3, JUDGED)
    assert contents(populated) == before
    assert "Dry run" in told.stderr


def test_the_plan_names_refused_rows_with_lines_and_reasons(imported):
    told = imported(MIXED, "--region", "01", "--dry-run")
    assert "1 clinic will be added." in told.stderr
    assert "not_active: The clinic is not activated in the e-services." in told.stderr
    assert f"  line 5: {D} 100 % Hälsa_vård" in told.stderr
    assert "  line 10: (no HSA-id)" in told.stderr


def test_all_or_nothing_does_nothing_where_a_row_is_refused(imported, populated):
    before = contents(populated)
    for more in (["-y"], ["--dry-run"], []):
        told = imported(f"{B}\n{D}\n", "--all-or-nothing", "-o", "json", *more)
        assert (told.exit_code, rows(told)) == (
            4,
            [(1, B, "not_done", None), (2, D, "refused", "not_active")],
        )
        assert contents(populated) == before


def test_all_or_nothing_does_all_where_none_is_refused(imported, sync_worker):
    told = imported(f"{B}\n{A}\n", "--all-or-nothing", "-y", "-o", "json")
    assert (told.exit_code, told.json["summary"]) == (0, {"added": 1, "already_registered": 1})
    assert registered(sync_worker) == {A, B, C}


def test_without_agreement_the_plan_is_shown_and_nothing_happens(imported, populated):
    before = contents(populated)
    told = imported(MIXED)
    assert (told.exit_code, told.stdout) == (2, "")
    assert f"line 2: {B} Åmottagningen" in told.stderr
    assert "--yes" in told.stderr
    assert contents(populated) == before


def test_nothing_is_asked_where_nothing_can_be_done(imported):
    assert imported(f"{A}\n").exit_code == 0
    assert imported(f"{D}\n").exit_code == 3
    assert imported("", "-o", "json").json == {"items": [], "count": 0, "summary": {}}
    assert "no HSA-id" in imported("HSA-id\n").stderr


def test_who_did_it_and_why_is_recorded_for_every_clinic(imported, sync_worker):
    imported(f"{B}\n", "-y", "--actor", "anna", "--reason", "Order 17")
    shown = sync_worker("clinics", "show", B, "--history", "-o", "json").json
    (entry,) = shown["history"]
    assert shown["registered_by"] == "anna"
    assert (entry["change"], entry["actor"], entry["reason"]) == ("registered", "anna", "Order 17")


def test_standard_input_is_a_file_too(populated, sync_worker):
    told = sync_worker("clinics", "import", "-", "-y", "-o", "json", stdin=f"{B}\n".encode())
    assert (told.exit_code, rows(told)) == (0, [(1, B, "added", None)])


def test_the_clinics_of_a_file_are_removed(imported, sync_worker):
    told = imported(
        f"HSA-id\n{A}\n{A}\n{B}\n{C}\n12345\n",
        *("--region", "01", "-y", "-o", "json", "--reason", "Order 18"),
        command=("clinics", "remove", "--file"),
    )
    assert (told.exit_code, rows(told)) == (
        3,
        [
            (2, A, "removed", None),
            (3, A, "refused", "duplicate_in_file"),
            (4, B, "not_registered", None),
            (5, C, "refused", "other_region"),
            (6, "12345", "refused", "malformed_hsa_id"),
        ],
    )
    assert registered(sync_worker) == {C}


@pytest.mark.parametrize("arguments", [(), (A, "--file", "clinics.txt")], ids=str)
def test_ids_are_given_by_hand_or_file_not_both(populated, sync_worker, arguments):
    told = sync_worker("clinics", "remove", *arguments, "-y", "-o", "json")
    assert told.exit_code == 2
    assert "--file" in told.error["message"]


FAULTS = [
    (["clinics", "import", "nothing.csv"], 6, "nothing.csv"),
    (["clinics", "remove", "--file", "nothing.csv"], 6, "nothing.csv"),
    (["tak", "import", "nothing.csv"], 6, "nothing.csv"),
    (["clinics", "import", "."], 2, "cannot be read"),
    (["clinics", "import", "book.csv"], 2, "CSV UTF-8"),
    (["clinics", "remove", "--file", "book.csv"], 2, "CSV UTF-8"),
    (["tak", "import", "book.csv"], 2, "CSV UTF-8"),
    (["clinics", "import", "clinics.csv", "--region", "99"], 6, "99"),
    (["clinics", "import", "clinics.csv", "--reason", " "], 2, "reason"),
    (["clinics", "import", "clinics.csv", "--report", "."], 2, "report"),
    (["clinics", "import", "clinics.csv", "--report", "no/report.csv"], 2, "report"),
    (["clinics", "import", "clinics.csv", "--report", "clinics.csv"], 2, "overwrite"),
]


@pytest.mark.parametrize(("arguments", "exit_code", "said"), FAULTS)
def test_what_cannot_be_done_is_reported_beforehand(
    populated, sync_worker, folder, arguments, exit_code, said
):
    (folder / "book.csv").write_bytes(b"PK\x03\x04....xl/workbook.xml")
    (folder / "clinics.csv").write_text(f"{B}\n")
    before = contents(populated)
    told = sync_worker(*arguments, "-y", "-o", "json")
    assert (told.exit_code, told.stdout) == (exit_code, "")
    assert said in told.error["message"] + told.error["hint"]
    assert contents(populated) == before
    assert (folder / "clinics.csv").read_text() == f"{B}\n"
    assert not list(folder.glob(".*"))


def reported(folder):
    text = (folder / "report.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_the_report_has_refused_rows_with_their_other_columns(imported, folder):
    imported(MIXED, "--region", "01", "-y", "--report", "report.csv")
    refused = [row for row in JUDGED if row[2] == "refused"]
    found = reported(folder)
    assert [(row["Line"], row["Code"]) for row in found] == [
        (str(row[0]), row[3]) for row in refused
    ]
    assert [row["Mottagning"] for row in found] == ["B", "D", "E", "F", "G", "H"]
    assert next(iter(found[0])) == "HSA-id"
    assert all(row["Reason"] and row["What to do"] for row in found)


def test_a_report_is_corrected_and_imported_again(imported, folder, sync_worker):
    imported("Namn;HSA-id\n=1+1;oops\nNorr;SE1-X\n", "-y", "--report", "report.csv")
    corrected = (folder / "report.csv").read_text("utf-8").replace("oops", B)
    told = imported(corrected, "-y", "-o", "json", "--report", "report.csv", name="corrected.csv")
    assert rows(told) == [(2, B, "added", None), (3, "SE1-X", "refused", "malformed_hsa_id")]
    (again,) = reported(folder)
    assert again["Namn"] == "Norr"
    header = (folder / "report.csv").read_text("utf-8-sig").splitlines()[0]
    assert header == "HSA-id;Line;Code;Reason;What to do;Namn"
    assert "'=1+1" in corrected


def test_a_report_of_all_or_nothing_has_every_row(imported, folder):
    imported(f"{B}\n{A}\n{D}\n", "--all-or-nothing", "-y", "--report", "report.csv")
    assert [(row["HSA-id"], row["Code"]) for row in reported(folder)] == [
        (B, "not_done"),
        (D, "not_active"),
    ]


def test_an_empty_report_replaces_an_older_one(imported, folder):
    (folder / "report.csv").write_text("old")
    imported(f"{B}\n", "-y", "--report", "report.csv")
    assert reported(folder) == []


def test_rows_judged_otherwise_since_the_plan_are_skipped_and_reported(
    imported, populated, sync_worker, monkeypatch
):
    plan = imports.plan

    def planned(*arguments, **options):
        made = plan(*arguments, **options)
        with sqlite3.connect(populated) as connection:
            connection.execute("UPDATE clinic SET active = 0 WHERE hsa_id = ?", [B])
            connection.execute("UPDATE clinic SET active = 1 WHERE hsa_id = ?", [D])
        connection.close()
        return made

    monkeypatch.setattr(imports, "plan", planned)
    told = imported(f"{B}\n{D}\n", "-y", "-o", "json")
    assert (told.exit_code, rows(told)) == (
        3,
        [(1, B, "refused", "not_active"), (2, D, "refused", "changed_meanwhile")],
    )
    assert f"line 1: {B}, planned added, now not_active" in told.stderr
    assert f"line 2: {D}, planned not_active, now changed_meanwhile" in told.stderr
    assert registered(sync_worker) == {A, C}


def test_many_wrong_check_digits_make_one_warning(imported):
    few = imported("".join(f"SE2321000017-X{n}\n" for n in range(5)), "-q")
    assert few.stderr.count("check digit") == 5
    many = imported("".join(f"SE2321000017-X{n}\n" for n in range(6)), "-q")
    assert many.stderr.count("check digit") == 1
    assert "lines 1, 2, 3, 4, 5, 6" in many.stderr


def test_ids_that_no_database_takes_are_refused_like_others(imported):
    told = imported(f"{B}\nSE\x00-1\n{'A' * 100}\nSE 1\n", "-y", "-o", "json")
    assert [row[2] for row in rows(told)] == ["added", "refused", "refused", "refused"]
    assert {row[3] for row in rows(told)[1:]} == {"malformed_hsa_id"}


@pytest.mark.parametrize("name", ["SYNC_WORKER_LANG", "LC_ALL"])
def test_swedish_text_keeps_the_codes(imported, monkeypatch, name):
    monkeypatch.setenv(name, "sv")
    told = imported(MIXED, "--region", "01", "-y", "-o", "json", "--report", "report.csv")
    assert (told.exit_code, rows(told)) == (3, JUDGED)
    assert "1 mottagning lades till." in told.stderr
    assert "not_active: Mottagningen är inte aktiverad i e-tjänsterna." in told.stderr
    told = imported(b"PK\x03\x04....xl/workbook.xml")
    assert told.stderr.startswith("fel: Filen är en arbetsbok från Excel")
    assert "\ntips: Öppna den i Excel" in told.stderr


def test_the_setting_goes_before_the_locale(imported, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_LANG", "en")
    monkeypatch.setenv("LC_ALL", "sv_SE.UTF-8")
    assert "1 clinic added." in imported(f"{B}\n", "-y").stderr
    assert imported(b"%PDF-").stderr.startswith("error: ")


def test_the_language_may_be_set_in_the_folder_of_secrets(imported, monkeypatch, folder):
    (folder / "secrets").mkdir()
    (folder / "secrets" / "sync_worker_lang").write_text("sv\n")
    monkeypatch.setenv("SYNC_WORKER_SECRETS_DIR", str(folder / "secrets"))
    assert "1 mottagning lades till." in imported(f"{B}\n", "-y").stderr
    assert imported(b"%PDF-").stderr.startswith("fel: ")


def test_a_language_that_there_is_not_is_a_wrong_setting(sync_worker, monkeypatch):
    monkeypatch.setenv("SYNC_WORKER_LANG", "fi")
    told = sync_worker("clinics", "list", "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "configuration")
    assert "SYNC_WORKER_LANG is not one of sv, en" in told.error["message"]

"""`reconcile` as it is typed."""

import pytest
from sqlalchemy import create_engine, text
from tests.builders import activated, deactivated, record, write_archive
from tests.worlds.command_line import A, B, C, D, stream

AS_OF = "2026-01-02T00:00:00Z"
ARCHIVE = "archive:stream.jsonl"


@pytest.fixture
def edited(populated):
    """Runs SQL behind the program's back."""

    def call(*statements: str) -> None:
        engine = create_engine(f"sqlite:///{populated}")
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return call


@pytest.fixture
def moved(edited):
    edited(f"UPDATE clinic SET region_code = '12' WHERE hsa_id = '{A}'")


@pytest.fixture
def extract(folder):
    def write(content: str) -> str:
        (folder / "extract.csv").write_text(content)
        return "snapshot:extract.csv"

    return write


def all_of(**changed: str) -> str:
    rows = {A: "true,01", B: "true,01", C: "true,03", D: "false,01", **changed}
    return "hsa_id,active,region_code\n" + "".join(f"{h},{rest}\n" for h, rest in rows.items())


@pytest.mark.usefixtures("populated")
def test_a_true_registry_has_no_drift(sync_worker):
    told = sync_worker("reconcile", "--against", ARCHIVE, "-o", "json")
    assert told.exit_code == 0
    counts = {"count": 0, "compared": 4, "pending": 0, "ahead": 0, "held": 0, "applied": False}
    assert told.json == {"items": [], **counts}
    assert (
        "4 clinics compared: 0 facts differ"
        in sync_worker("reconcile", "--against", ARCHIVE).stderr
    )


@pytest.mark.usefixtures("moved")
def test_drift_is_listed_with_its_cause_and_event(sync_worker):
    told = sync_worker("reconcile", "--against", ARCHIVE, "-o", "json")
    assert told.exit_code == 3
    (item,) = told.items
    assert {name: item[name] for name in ("hsa_id", "fact", "registry", "expected", "cause")} == {
        "hsa_id": A,
        "fact": "region",
        "registry": "12",
        "expected": "01",
        "cause": "edited",
    }
    assert (item["topic"], item["partition"], item["offset"]) == (
        "eservices.clinic.activation",
        0,
        0,
    )
    assert item["registered"] is True
    assert "has drifted" in told.stderr
    assert (
        f"{A},region,12,01,edited"
        in sync_worker("reconcile", "--against", ARCHIVE, "-o", "csv").stdout
    )


@pytest.mark.usefixtures("moved")
def test_a_repair_shows_its_plan_asks_and_is_logged(sync_worker):
    asked = sync_worker("reconcile", "--against", ARCHIVE, "--apply", "-o", "json")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "confirmed" in asked.stderr
    done = sync_worker(
        "reconcile", "--against", ARCHIVE, "--apply", "-y", "--actor", "anna", "-o", "json"
    )
    assert (done.exit_code, done.json["applied"], done.items[0]["repaired"]) == (0, True, True)
    assert f"{A}" in done.stderr
    again = sync_worker("reconcile", "--against", ARCHIVE, "--apply", "-o", "json")
    assert (again.exit_code, again.json["count"]) == (0, 0)
    history = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"]
    assert (history[0]["change"], history[0]["old"], history[0]["new"]) == ("moved", "12", "01")
    assert (history[0]["actor"], history[0]["offset"]) == ("anna", 0)


def test_a_repair_says_where_nobody_can_file(sync_worker, edited):
    edited(f"UPDATE clinic SET region_code = '01' WHERE hsa_id = '{C}'")
    found = sync_worker("reconcile", "--against", ARCHIVE)
    assert f"{C} would be in region 03, which has no patient board" in found.stderr
    done = sync_worker("reconcile", "--against", ARCHIVE, "--apply", "-y")
    assert f"{C} is in region 03 now, which has no patient board" in done.stderr


@pytest.mark.usefixtures("moved")
def test_a_region_alone(sync_worker):
    for code, exit_code in (("12", 3), ("01", 3), ("03", 0)):
        told = sync_worker("reconcile", "--against", ARCHIVE, "--region", code)
        assert told.exit_code == exit_code
    assert sync_worker("reconcile", "--against", ARCHIVE, "--region", "99").exit_code == 6


def test_a_stream_without_positions_is_said_to_count_as_passed(sync_worker, populated):
    write_archive(populated.parent / "other.jsonl", [record(deactivated(A, 9))])
    told = sync_worker("reconcile", "--against", "archive:other.jsonl", "-o", "json")
    assert told.exit_code == 3
    assert "no positions in this stream" in told.stderr
    assert (told.items[0]["cause"], told.json["ahead"]) == ("stale", 11)


def test_what_came_since_is_pending(sync_worker, populated):
    grown = [*stream(), record(deactivated(A, 9), offset=7)]
    write_archive(populated.parent / "stream.jsonl", grown)
    told = sync_worker("reconcile", "--against", ARCHIVE, "-o", "json")
    assert (told.exit_code, told.json["pending"], told.json["count"]) == (0, 1, 0)


def test_a_shortened_archive_is_refused_as_run_does(sync_worker, populated):
    write_archive(populated.parent / "stream.jsonl", stream()[:3])
    told = sync_worker("reconcile", "--against", ARCHIVE, "-o", "json")
    assert told.exit_code == 2
    assert "ends at offset 3, before our position 7" in told.error["message"]


def test_a_stream_without_its_beginning_is_pointed_out(sync_worker, populated):
    write_archive(populated.parent / "late.jsonl", [record(activated(A, 0.5), offset=4)])
    told = sync_worker("reconcile", "--against", "archive:late.jsonl")
    assert "eservices.clinic.activation/0 at 4" in told.stderr


@pytest.mark.usefixtures("populated")
def test_an_extract_that_says_the_same(sync_worker, extract):
    told = sync_worker(
        "reconcile", "--against", extract(all_of()), "--as-of", "2026-01-02T01:00:00+01:00"
    )
    assert told.exit_code == 0, told.stderr


@pytest.mark.usefixtures("populated")
def test_an_extract_that_differs_is_set_on_request(sync_worker, extract):
    against = extract(all_of(**{B: "false,03"}))
    how = ("reconcile", "--against", against, "--as-of", AS_OF)
    told = sync_worker(*how, "-o", "json")
    assert [(i["fact"], i["expected"], i["cause"]) for i in told.items] == [
        ("activation", False, "stale"),
        ("region", "03", "stale"),
    ]
    assert sync_worker(*how, "--apply", "-y").exit_code == 0
    assert sync_worker(*how).exit_code == 0
    # An event of the same instant or later still wins, an older one never.
    shown = sync_worker("clinics", "show", B, "-o", "json").json
    assert shown["facts"]["activation"]["event_id"].startswith("snapshot:")


@pytest.mark.usefixtures("populated")
@pytest.mark.parametrize("content", ["", f"{A},true,01\n"])
def test_a_short_extract_is_refused_unless_it_is_accepted(sync_worker, extract, content):
    against = extract(f"hsa_id,active,region_code\n{content}")
    how = ("reconcile", "--against", against, "--as-of", AS_OF, "-o", "json")
    refused = sync_worker(*how, "--apply", "-y")
    assert (refused.exit_code, refused.error["code"]) == (4, "short_extract")
    accepted = sync_worker(*how, "--accept-short")
    assert accepted.exit_code == 3
    assert {item["cause"] for item in accepted.items} == {"absent"}


@pytest.mark.usefixtures("populated")
def test_a_bad_extract_is_refused_with_its_lines(sync_worker, extract):
    against = extract(f"hsa_id,active,region_code\n{A},perhaps,01\n{B},true,11\n")
    told = sync_worker("reconcile", "--against", against, "--as-of", AS_OF, "-o", "json")
    assert (told.exit_code, told.error["code"]) == (2, "extract")
    assert "Line 2" in told.error["message"]
    assert "Line 3" in told.error["message"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        ((), 2, "--against"),
        (("--against", "everything"), 2, "'everything' is none of"),
        (("--against", "archive:"), 2, "is none of"),
        (("--against", "archive:none.jsonl"), 6, "none.jsonl"),
        (("--against", "snapshot:none.csv", "--as-of", AS_OF), 6, "none.csv"),
        (("--against", "snapshot:none.csv"), 2, "when the extract was taken"),
        (("--against", "snapshot:x", "--as-of", "2026-01-02"), 2, "write 2026-01-02T00:00:00Z"),
        (
            ("--against", "snapshot:x", "--as-of", "2026-01-02T00:00:00"),
            2,
            "write 2026-01-02T00:00:00Z",
        ),
        (("--against", "snapshot:x", "--as-of", "2926-01-02T00:00:00Z"), 2, "in the future"),
        (("--against", "topics", "--as-of", AS_OF), 2, "for an extract alone"),
        (("--against", "topics", "--accept-short"), 2, "for an extract alone"),
        (("--against", "topics"), 2, "Kafka is not configured"),
    ],
)
def test_what_cannot_be_compared_is_refused(sync_worker, arguments, exit_code, said):
    told = sync_worker("reconcile", *arguments)
    assert told.exit_code == exit_code
    assert said in told.stderr


LOSES_REGISTRATIONS = (
    "DROP TRIGGER log_registration_removal",
    "DROP TRIGGER log_registration_delete",
)


def registrations(told):
    return [item for item in told.items if item["fact"] == "registration"]


@pytest.mark.parametrize("against", [(ARCHIVE,), ("snapshot:extract.csv", "--as-of", AS_OF)])
@pytest.mark.usefixtures("populated")
def test_a_registration_that_the_log_has_otherwise_is_drift(sync_worker, edited, extract, against):
    extract(all_of())
    edited(*LOSES_REGISTRATIONS, f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'")
    told = sync_worker("reconcile", "--against", *against, "-o", "json")
    assert told.exit_code == 3
    (item,) = told.items
    assert (item["hsa_id"], item["fact"], item["cause"]) == (A, "registration", "registration")
    assert (item["registry"], item["expected"], item["registered_by"]) == (False, True, "anna")
    assert item["registered_at"] == item["time"] is not None
    assert "1 registration differs" in told.stderr
    assert "--apply repairs" not in told.stderr


@pytest.mark.usefixtures("populated")
def test_a_registration_is_reported_but_never_repaired(sync_worker, edited):
    edited(*LOSES_REGISTRATIONS, f"DELETE FROM clinic WHERE hsa_id = '{A}'")
    first = sync_worker("reconcile", "--against", ARCHIVE, "--apply", "-y", "-o", "json")
    assert (first.exit_code, len(registrations(first))) == (3, 1)
    assert {item["fact"]: item["repaired"] for item in first.items}["activation"] is True
    again = sync_worker("reconcile", "--against", ARCHIVE, "--apply", "-o", "json")
    assert (again.exit_code, again.items) == (3, registrations(again))
    (item,) = again.items
    assert (item["registered"], item["repaired"], item["registered_by"]) == (False, False, "anna")
    assert sync_worker("clinics", "add", A).exit_code == 0
    assert sync_worker("reconcile", "--against", ARCHIVE).exit_code == 0


@pytest.mark.usefixtures("populated")
def test_a_removal_that_is_right_is_confirmed_by_removing(sync_worker, edited):
    edited(*LOSES_REGISTRATIONS, f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'")
    told = sync_worker("clinics", "remove", A, "--reason", "It was right", "-o", "json")
    assert (told.exit_code, told.items[0]["outcome"]) == (0, "not_registered")
    assert sync_worker("reconcile", "--against", ARCHIVE).exit_code == 0
    newest = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"][0]
    assert (newest["change"], newest["reason"]) == ("removed", "It was right")


@pytest.mark.usefixtures("populated")
def test_a_list_confirms_removals_that_are_right(sync_worker, edited, folder):
    edited(*LOSES_REGISTRATIONS, f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'")
    (folder / "list.txt").write_text(f"{A}\n")
    assert sync_worker("clinics", "remove", "--file", "list.txt", "--dry-run").exit_code == 0
    assert sync_worker("reconcile", "--against", ARCHIVE).exit_code == 3
    assert sync_worker("clinics", "remove", "--file", "list.txt").exit_code == 0
    assert sync_worker("reconcile", "--against", ARCHIVE).exit_code == 0


@pytest.mark.usefixtures("populated")
def test_a_registration_by_plain_sql_is_not_drift(sync_worker, edited):
    edited(f"UPDATE clinic SET registered_at = NULL WHERE hsa_id = '{A}'")
    assert sync_worker("reconcile", "--against", ARCHIVE).exit_code == 0
    newest = sync_worker("clinics", "show", A, "--history", "-o", "json").json["history"][0]
    assert (newest["change"], newest["actor"]) == ("removed", "sql")

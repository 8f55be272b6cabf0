"""Names that would run, hide or move something, from the event to every output, and back again."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import activated, record, write_archive
from tests.worlds.command_line import A, B

from sync_worker.cli.errors import as_json, as_text
from sync_worker.cli.output import Form, Globals, Output
from sync_worker.errors import Exit, UserError
from sync_worker.files.csv_cells import unescaped
from sync_worker.printable import printable_json
from sync_worker.telemetry import logging
from sync_worker.telemetry.redaction import Redaction

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1-1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\u200b=1+1",
    "'=1+1",
    "a;=1+1;",
    'a, "-1',
    "a\x1b[2Jb",
    "a\x9b2Jb",
    "a\x9d0;title\x9c",
    "a\x7fb",
    "hidden\u202eright to left\u202c",
    "isolated\u2066\u2069",
    "two\u2028lines",
    "tag\U000e0041",
    "soft\xadhyphen",
    r"written \x1b \u202e",
]
UNSAFE = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))} - {"\n"}
UNSAFE |= set("\xad\u200b\u2028\u202c\u202e\u2066\u2069\U000e0041")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HOSTILE)


@pytest.fixture
def named(database, sync_worker):
    """A registry in which each clinic has one of the names, and its archive."""
    ids = [f"SE2321000016-H{number:03}" for number in range(len(HOSTILE))]
    events = [
        activated(hsa_id, 1, regionCode="01", name=name)
        for hsa_id, name in zip(ids, HOSTILE, strict=True)
    ]
    records = [record(event, offset=offset) for offset, event in enumerate(events)]
    write_archive(database.parent / "named.jsonl", records)
    assert sync_worker("run", "--archive", "named.jsonl").exit_code == 0
    assert (
        sync_worker("clinics", "add", *ids, "--actor", "=anna\x9b", "--reason", "@why").exit_code
        == 0
    )
    return dict(zip(ids, HOSTILE, strict=True))


COMMANDS = [
    ("clinics", "list"),
    ("clinics", "show", "SE2321000016-H009", "--history"),
    ("log", "list"),
    ("clinics", "remove", "SE2321000016-H000", "--dry-run"),
]


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("named")
def test_no_output_holds_what_a_terminal_acts_on(sync_worker, command, form):
    told = sync_worker(*command, "-o", form.value)
    assert not UNSAFE & set(told.stdout + told.stderr)
    assert told.exit_code in {Exit.DONE, Exit.USAGE}


def test_names_are_the_same_again_in_json_and_csv(sync_worker, named):
    listed = sync_worker("clinics", "list", "-o", "json").items
    assert {row["hsa_id"]: row["name"] for row in listed} == named
    rows = list(csv.DictReader(io.StringIO(sync_worker("clinics", "list", "-o", "csv").stdout)))
    assert {row["hsa_id"]: unescaped(row["name"]) for row in rows} == named
    assert not [row for row in rows if row["name"].startswith(FORMULAS)]


def test_our_own_csv_is_read_back_as_list_and_extract(sync_worker, named, folder):
    (folder / "listed.csv").write_text(sync_worker("clinics", "list", "-o", "csv").stdout)
    for command, outcome in (("remove --file", "removed"), ("import", "added")):
        told = sync_worker("clinics", *command.split(), "listed.csv", "--yes", "-o", "json")
        assert {item["hsa_id"]: item["outcome"] for item in told.items} == dict.fromkeys(
            named, outcome
        )
    told = sync_worker(
        *("reconcile", "--against", "snapshot:listed.csv", "--as-of", "2026-01-02T00:00:00Z"),
        *("-o", "json"),
    )
    assert told.items == []


def test_an_id_that_would_run_is_found_again(sync_worker, database, folder):
    odd = "=HYPERLINK(\u202e1)"
    write_archive(folder / "odd.jsonl", [record(activated(odd, 1, regionCode="01"))])
    assert sync_worker("run", "--archive", "odd.jsonl").exit_code == 0
    (folder / "listed.csv").write_text(sync_worker("clinics", "list", "-o", "csv").stdout)
    told = sync_worker("clinics", "import", "listed.csv", "--yes", "-o", "json")
    assert [(item["hsa_id"], item["outcome"]) for item in told.items] == [(odd, "added")]


@pytest.mark.usefixtures("named")
def test_a_report_is_safe_and_imported_again(sync_worker, folder):
    rows = "".join(f"{A};{name}\n" for name in ("=1+1", "a\x9bb", "'=1", r"\x1b"))
    (folder / "list.csv").write_text(f"HSA-id;=Namn\n{B};x\n{rows}")
    reports = []
    for given_file, report in (("list.csv", "once.csv"), ("once.csv", "twice.csv")):
        told = sync_worker("clinics", "import", given_file, "-y", "--report", report)
        assert told.exit_code == Exit.ATTENTION
        content = (folder / report).read_text("utf-8-sig")
        assert not UNSAFE & set(content)
        reports.append(list(csv.reader(io.StringIO(content), delimiter=";")))
    assert not [cell for row in reports[0] for cell in row if cell.startswith(FORMULAS)]
    assert [row[-1] for row in reports[0]] == [row[-1] for row in reports[1]]


@pytest.mark.parametrize("value", [-5, 3.5, True, None, 0])
def test_numbers_stay_numbers_in_csv(capsys, value):
    Output(Globals(output=Form.CSV)).items([{"lag": value}], ("lag",))
    written = capsys.readouterr().out.splitlines()[1]
    assert written in {"-5", "3.5", "true", '""', "0"}


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers()))
def test_safe_json_says_the_same(document):
    for indent in (None, 2):
        safe = printable_json(json.dumps(document, ensure_ascii=False, indent=indent))
        assert json.loads(safe) == document
        assert not UNSAFE & set(safe)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_errors_and_the_log_show_what_would_act(hostile):
    error = UserError(Exit.USAGE, hostile, hint=hostile)
    assert json.loads(as_json(error))["error"]["hint"] == hostile
    stream = io.StringIO()
    for log_format in ("json", "console"):
        log = logging.configure("info", log_format, stream, redaction=Redaction())
        log.info("renamed", name=hostile)
    shown = stream.getvalue() + as_json(error) + as_text(error)
    assert not UNSAFE & set(shown)


@pytest.mark.usefixtures("database")
def test_what_is_typed_is_shown_back_safely(sync_worker):
    for form in ("json", "table"):
        told = sync_worker("clinics", "show", "\x9b2J\u202e", "-o", form)
        assert told.exit_code == 6
        assert not UNSAFE & set(told.stderr)
    assert not UNSAFE & set(sync_worker("clinics", "\x9b2J").stderr)

"""What commands write: tables for people, JSON and csv for programs."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.cli import text
from sync_worker.cli.output import Form, Globals, Output
from sync_worker.cli.table import Columns
from sync_worker.errors import Exit, UserError
from sync_worker.printable import printable_text

COLUMNS = ("hsa_id", "name", "active", "updated_at")
AT = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
ROWS = [
    {"hsa_id": "A", "name": "Kliniken", "active": True, "updated_at": AT, "more": [1]},
    {"hsa_id": "B-longer", "name": None, "active": False, "updated_at": None, "more": {}},
    {"hsa_id": "C", "name": 'a "b", c', "active": None, "updated_at": AT, "more": None},
]


def output(form=Form.TABLE, **options):
    return Output(Globals(output=form, **options))


def test_a_table_has_a_header_and_a_line_per_row(capsys):
    output().items(ROWS, COLUMNS)
    assert capsys.readouterr().out.splitlines() == [
        "hsa_id    name      active  updated_at",
        "A         Kliniken  yes     2026-01-01T08:30:00Z",
        "B-longer            no",
        'C         a "b", c          2026-01-01T08:30:00Z',
    ]


def test_an_empty_table_is_a_sentence_on_stderr(capsys):
    output().items([], COLUMNS, empty="There are none.")
    assert tuple(capsys.readouterr()) == ("", "There are none.\n")


@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS])
def test_a_json_list_has_whole_items_and_their_count(capsys, rows):
    output(Form.JSON).items(rows, COLUMNS, extra={"summary": {"å": 1}})
    document = json.loads(capsys.readouterr().out)
    at = "2026-01-01T08:30:00Z"
    expected = [{**row, "updated_at": row["updated_at"] and at} for row in rows]
    assert document == {"items": expected, "count": len(rows), "summary": {"å": 1}}


def test_a_csv_always_has_its_header_and_empty_nulls(capsys):
    output(Form.CSV).items([], COLUMNS)
    assert capsys.readouterr().out == "hsa_id,name,active,updated_at\n"
    output(Form.CSV).items(ROWS, COLUMNS)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:] == [
        ["A", "Kliniken", "true", "2026-01-01T08:30:00Z"],
        ["B-longer", "", "false", ""],
        ["C", 'a "b", c', "", "2026-01-01T08:30:00Z"],
    ]


def test_csv_of_a_document_is_refused(capsys):
    with pytest.raises(UserError) as raised:
        output(Form.CSV).document({"a": 1}, render=str)
    assert raised.value.exit_code is Exit.USAGE
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (AT, "2026-01-01T08:30:00Z"),
        (AT.replace(microsecond=120_000), "2026-01-01T08:30:00.12Z"),
        (AT.replace(microsecond=1), "2026-01-01T08:30:00.000001Z"),
        (AT.replace(second=10), "2026-01-01T08:30:10Z"),
        (AT.astimezone(timezone(timedelta(hours=2))), "2026-01-01T08:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_an_instant_is_in_utc_without_trailing_zeros(moment, expected):
    assert text.instant(moment) == expected
    assert text.cell(moment) == expected
    assert json.loads(text.compact_json(moment)) == expected


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_instant_can_be_read_back(moment):
    assert datetime.fromisoformat(text.instant(moment)) == moment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        ("Åäö", "Åäö"),
        ({"hsa_id": "Å"}, '{"hsa_id": "Å"}'),
        ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\x9b31m", r"\x9b31m"),
        ("right\u202eleft", r"right\u202eleft"),
    ],
)
def test_a_cell_is_one_harmless_line(value, expected):
    assert text.cell(value) == expected


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_can_move_a_cursor_or_break_a_line(value):
    shown = text.cell(value)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert len(shown.splitlines()) <= 1


@given(st.text(st.characters(exclude_categories=[])))
def test_sentences_are_as_harmless_but_may_have_lines(value):
    allowed = {"\n"}
    shown = set(printable_text(value)) - allowed
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)


def test_nothing_in_a_table_is_cut(capsys):
    rows = [dict.fromkeys(COLUMNS, "w" * 3_000)]
    output().items(rows, COLUMNS)
    assert capsys.readouterr().out.count("w") == 12_000


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({}, {}, True),
        ({}, {"color": False}, False),
        ({"NO_COLOR": "1"}, {}, False),
        ({"NO_COLOR": ""}, {}, True),
        ({"TERM": "dumb"}, {}, False),
    ],
)
def test_colours_are_for_terminals_where_nobody_said_no(
    monkeypatch, environment, options, expected
):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    output(**options).items([{"status": "receiving"}], ["status"])
    assert ("\x1b[" in terminal.getvalue()) is expected


def test_quiet_leaves_out_messages_but_not_what_needs_attention(capsys):
    quiet = output(verbosity=-1)
    quiet.message("all went well")
    quiet.attention("look at \x1b[2Jthis")
    assert tuple(capsys.readouterr()) == ("", "look at \\x1b[2Jthis\n")


@pytest.fixture
def terminal(monkeypatch):
    """Standard output as a terminal, of so many columns."""

    def of(columns):
        screen = Terminal()
        monkeypatch.setattr("sys.stdout", screen)
        monkeypatch.setenv("COLUMNS", str(columns))
        return screen

    return of


WIDE = Columns("hsa_id", "name", "event_id", hidden_first=("event_id",))
WIDE_ROWS = [{"hsa_id": "A", "name": "Kliniken " * 8, "event_id": "e" * 36}]


def test_a_narrow_terminal_hides_columns_and_says_which(terminal, capsys):
    screen = terminal(60)
    output().items(WIDE_ROWS, WIDE)
    assert max(map(len, screen.getvalue().splitlines())) <= 60
    assert screen.getvalue().splitlines()[0].split() == ["hsa_id", "name"]
    told = "Columns that do not fit: event_id. Widen the terminal or use -o json.\n"
    assert capsys.readouterr().err == told


def test_a_wide_terminal_and_a_pipe_have_it_whole(terminal, capsys):
    output().items(WIDE_ROWS, WIDE)
    piped = capsys.readouterr()
    screen = terminal(200)
    output().items(WIDE_ROWS, WIDE)
    assert screen.getvalue() == piped.out
    assert piped.out.count("e" * 36) == 1
    assert piped.err + capsys.readouterr().err == ""


@pytest.mark.parametrize("form", [Form.JSON, Form.CSV])
def test_a_terminal_changes_nothing_of_json_and_csv(form, terminal, capsys):
    output(form).items(WIDE_ROWS, WIDE)
    screen = terminal(40)
    output(form).items(WIDE_ROWS, WIDE)
    assert screen.getvalue() == capsys.readouterr().out


def test_what_a_document_hides_is_reported_after_it(terminal, capsys):
    screen = terminal(60)
    shown = output()
    shown.document({}, render=lambda _: shown.table(WIDE_ROWS, WIDE))
    assert screen.getvalue().splitlines()[0].split() == ["hsa_id", "name"]
    assert capsys.readouterr().err.startswith("Columns that do not fit: event_id.")


def test_sentences_and_fields_of_a_document_fold_on_a_terminal(terminal):
    sentence = "one two three four five six seven eight nine"
    assert output().folded(sentence) == sentence
    terminal(40)
    assert output().folded(sentence) == "one two three four five six seven\n  eight nine"
    assert output().fields({"id": sentence}).splitlines() == [
        "id  one two three four five six seven",
        "    eight nine",
    ]

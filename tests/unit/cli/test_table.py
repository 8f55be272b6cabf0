"""Tables as text: whole where nobody gave a width, and never wider than a terminal."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.cli.table import Columns, Paragraphs, fold, render_fields, render_table, width_of
from sync_worker.cli.text import cell

CLINICS = Columns(
    *("hsa_id", "name", "region_code", "active", "status", "updated_at"),
    hidden_first=("updated_at", "active", "region_code"),
)
ROWS = [
    {
        "hsa_id": "SE2321000016-1HAM9",
        "name": "Barn- och ungdomspsykiatriska mottagningen Hässleholm",
        "region_code": "01",
        "active": True,
        "status": "receiving",
        "updated_at": "2026-01-01T08:30:00Z",
    },
    {
        "hsa_id": "SE2321000016-1BER2",
        "name": "東京クリニック Åsö e\u0301",
        "region_code": "03",
        "active": False,
        "status": "not_registered",
        "updated_at": "2026-01-01T08:30:00.123456Z",
    },
]


def test_without_a_width_nothing_is_hidden_or_folded():
    whole = render_table(ROWS, CLINICS)
    assert whole.hidden == ()
    assert [" ".join(line.split()) for line in whole.text.splitlines()] == [
        " ".join(CLINICS),
        f"SE2321000016-1HAM9 {ROWS[0]['name']} 01 yes receiving {ROWS[0]['updated_at']}",
        f"SE2321000016-1BER2 {ROWS[1]['name']} 03 no not_registered {ROWS[1]['updated_at']}",
    ]


def test_columns_stand_below_each_other_with_wide_and_combining_letters():
    rows = [{"a": "日本", "b": 1}, {"a": "e\u0301", "b": 2}]
    lines = render_table(rows, ("a", "b")).text.splitlines()
    assert lines == ["a     b", "日本  1", "e\u0301     2"]


def test_80_columns_show_what_matters_and_fold_names():
    shown = render_table(ROWS, CLINICS, width=80)
    assert shown.text.splitlines() == [
        "hsa_id              name                             region_code  status",
        "SE2321000016-1HAM9  Barn- och ungdomspsykiatriska    01           receiving",
        "                    mottagningen Hässleholm",
        "SE2321000016-1BER2  東京クリニック Åsö e\u0301             03           not_registered",
    ]
    assert shown.hidden == ["active", "updated_at"]


def test_120_columns_show_more_than_80():
    shown = render_table(ROWS, CLINICS, width=120)
    assert shown.hidden == []
    line = f"SE2321000016-1HAM9  {'Barn- och ungdomspsykiatriska':<36}01           yes     "
    assert shown.text.splitlines()[:3] == [
        f"{'hsa_id':<20}{'name':<36}region_code  active  {'status':<16}updated_at",
        f"{line}{'receiving':<16}2026-01-01T08:30:00Z",
        f"{'':<20}mottagningen Hässleholm",
    ]


def test_40_columns_show_each_row_as_a_block():
    shown = render_table(ROWS, CLINICS, width=40)
    assert shown.hidden == ()
    assert shown.text.splitlines()[:9] == [
        "hsa_id       SE2321000016-1HAM9",
        "name         Barn- och",
        "             ungdomspsykiatriska",
        "             mottagningen Hässleholm",
        "region_code  01",
        "active       yes",
        "status       receiving",
        "updated_at   2026-01-01T08:30:00Z",
        "",
    ]


def test_a_table_that_fits_hides_nothing():
    whole = render_table(ROWS, CLINICS)
    assert render_table(ROWS, CLINICS, width=200) == whole


def test_a_column_without_content_is_not_called_hidden():
    rows = [{**row, "active": None, "updated_at": None} for row in ROWS]
    shown = render_table(rows, CLINICS, width=80)
    assert shown.text.startswith("hsa_id              name                             region_code")
    assert "updated_at" not in shown.text
    assert shown.hidden == []


def test_a_narrow_column_stays_where_a_wide_one_goes():
    columns = Columns("id", "wide", "narrow", hidden_first=("narrow", "wide"))
    shown = render_table([{"id": 1, "wide": "w " * 40, "narrow": 2}], columns, width=20)
    assert shown.text.splitlines() == ["id  narrow", "1   2"]
    assert shown.hidden == ["wide"]


def test_paragraphs_stand_one_under_the_other():
    rows = [{"id": "kafka", "detail": Paragraphs(("It is away.", "Fix: start\x1b it"))}]
    assert render_table(rows, ("id", "detail"), width=40).text.splitlines() == [
        "id     detail",
        "kafka  It is away.",
        "       Fix: start\\x1b it",
    ]


def test_every_line_of_a_folded_cell_has_its_style():
    styled = render_table(
        [{"id": 1, "name": "one two three four five six seven eight"}],
        ("id", "name"),
        width=40,
        style=lambda text, part: f"<{part}>" if text.startswith("one") else part,
    )
    assert styled.text.splitlines()[1:] == [
        "1   <one two three four five six seven>",
        "    <eight>",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("elevenletters", ["elevenle", "tters"]),
        ("a elevenletters b", ["a", "elevenle", "tters b"]),
        ("日本語日本語", ["日本語日", "本語"]),
        ("e\u0301" * 9, ["e\u0301" * 8, "e\u0301"]),
    ],
)
def test_text_is_folded_at_blanks_or_at_full_lines(text, lines):
    assert fold(text, 8) == lines


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("Åsö", 3),
        ("e\u0301", 1),
        ("日本", 4),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("ｱ", 1),
        ("กำ", 2),
        ("नि", 2),
        ("తి", 1),
    ],
)
def test_a_width_is_what_a_terminal_needs(text, width):
    assert width_of(text) == width


def test_fields_stand_under_one_another_and_fold():
    values = {"hsa_id": "A", "name": "one two three four five six seven", "more": None}
    assert render_fields(values).splitlines() == [
        "hsa_id  A",
        "name    one two three four five six seven",
        "more",
    ]
    assert render_fields(values, 40).splitlines() == [
        "hsa_id  A",
        "name    one two three four five six",
        "        seven",
        "more",
    ]


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" -åäö日e\u0301\u1161\x1b\n")
)
ANY_CELL = (
    ANY_TEXT
    | st.none()
    | st.booleans()
    | st.integers()
    | st.builds("x".__mul__, st.integers(0, 99))
)
FULL_CELL = ANY_TEXT.filter(bool) | st.booleans() | st.integers()
NAMES = ("id", "received_at", "topic", "detail", "acknowledged_at", "last")
ANY_ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, ANY_CELL)), min_size=1, max_size=5)
FULL_ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, FULL_CELL)), min_size=1, max_size=5)
ANY_COLUMNS = st.builds(
    lambda hidden: Columns(*NAMES, hidden_first=hidden),
    st.lists(st.sampled_from(NAMES), unique=True),
)


def columns_of_a_terminal(line):
    """Counted apart from the code that is tested."""
    marks = {"Mn", "Me"}
    return sum(
        0
        if unicodedata.category(character) in marks or 0x1160 <= ord(character) <= 0x11FF
        else 1 + (unicodedata.east_asian_width(character) in {"W", "F"})
        for character in line
    )


@given(ANY_ROWS, ANY_COLUMNS, st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(rows, columns, width):
    shown = render_table(rows, columns, width=width).text
    assert max(map(columns_of_a_terminal, shown.splitlines()), default=0) <= width


@given(ANY_ROWS, ANY_COLUMNS)
def test_without_a_terminal_all_of_every_cell_is_there(rows, columns):
    head, *lines = render_table(rows, columns).text.split("\n")
    assert head.split() == list(NAMES)
    for line, row in zip(lines, rows, strict=True):
        for name in NAMES:
            assert cell(row[name]).rstrip(" ") in line


@given(FULL_ROWS, ANY_COLUMNS, st.integers(40, 200))
def test_folding_for_a_terminal_loses_no_character(rows, columns, width):
    shown = render_table(rows, columns, width=width)
    names = [name for name in NAMES if name not in shown.hidden]
    cells = [cell(row[name]) for row in rows for name in names]
    as_table, as_blocks = letters([*names, *cells]), letters([*names * len(rows), *cells])
    assert letters([shown.text]) in (as_table, as_blocks)


def letters(texts):
    return Counter("".join("".join(texts).split()))

"""Files of HSA-ids in all the shapes that people make them: which rows, on which lines."""

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.administration.csv_files import report
from sync_worker.administration.csv_files.decoding import Unreadable, decoded
from sync_worker.administration.csv_files.reader import FileEntry, read
from sync_worker.administration.messages import files as says
from sync_worker.domain.hsa_id import trimmed
from sync_worker.files import csv_cells
from sync_worker.files.csv_rows import DELIMITERS, Row, rows

A, B, C = (f"SE2321000016-T{letter}01" for letter in "ABC")


def listed(content):
    """Line and text of each row."""
    found = read(content.encode() if isinstance(content, str) else content)
    return [(entry.line, entry.text) for entry in found.entries]


def remarks(content):
    return [said.message for said in read(content.encode()).remarks]


def refusal(content):
    with pytest.raises(Unreadable) as refused:
        read(content if isinstance(content, bytes) else content.encode())
    return refused.value.message


# what a file holds, and the rows that it has
SHAPES = {
    "one id a line": (f"{A}\n{B}\n", [(1, A), (2, B)]),
    "no line break at the end": (f"{A}\n{B}", [(1, A), (2, B)]),
    "line breaks of Windows": (f"{A}\r\n{B}\r\n", [(1, A), (2, B)]),
    "line breaks of old Macs": (f"{A}\r{B}\r", [(1, A), (2, B)]),
    "blank lines": (f"\n\n{A}\n \t\n{B}\n\n\n", [(3, A), (5, B)]),
    "pasted blanks": (f" {A}\t\n\u00a0{B}\u00a0\n\ufeff{C}\n", [(1, A), (2, B), (3, C)]),
    "a mark twice": (f"\ufeff\ufeff{A}\n", [(1, A)]),
    "a mark twice before a header": (f"\ufeff\ufeffHSA-id\n{A}\n", [(2, A)]),
    "lower case": (f"{A.lower()}\n", [(1, A.lower())]),
    "a header alone in its column": (f"HSA-id\n{A}\n", [(2, A)]),
    "a header and nothing": ("HSA-id;Namn\n", []),
    "a header without a line break": ("HSA-id", []),
    "nothing": ("", []),
    "blanks": (" \r\n;;\n\t\n", []),
    "semicolons": (f"Namn;HSA-id\nNorr;{A}\nSyd;{B}\n", [(2, A), (3, B)]),
    "commas": (f"Namn,HSA-id\nNorr,{A}\nSyd,{B}\n", [(2, A), (3, B)]),
    "tabs": (f"Namn\tHSA-id\nNorr\t{A}\nSyd\t{B}\n", [(2, A), (3, B)]),
    "commas in names, semicolons between": (
        f"Namn;HSA-id\nNorr, Solna, Täby;{A}\nSyd, Nacka;{B}\n",
        [(2, A), (3, B)],
    ),
    "commas in a header, semicolons between": (f"HSA-id;Namn, ort\n{A};Norr, Solna\n", [(2, A)]),
    "semicolons in names, commas between": (f"HSA-id,Namn\n{A},Norr; Solna\n", [(2, A)]),
    "no header, names with commas": (f"{A};Norr, Solna\n{B};Syd\n", [(1, A), (2, B)]),
    "no header, commas": (f"{A},Norr\n{B},Syd\n", [(1, A), (2, B)]),
    "trailing separators": (f"{A};;;\n{B};;;\n;;;\n", [(1, A), (2, B)]),
    "trailing separators under a lone header": (f"HSA-id\n{A};\n{B};\n", [(2, A), (3, B)]),
    "trailing commas": (f"{A},\n{B},\n", [(1, A), (2, B)]),
    "an empty first column": (f";{A};Norr\n;{B};Syd\n", [(1, A), (2, B)]),
    "rows shorter than the header": (f"Namn;HSA-id\nNorr\nSyd;{B}\n", [(2, ""), (3, B)]),
    "a row without an id": (f"HSA-id;Namn\n;Norr\n{B};Syd\n", [(2, ""), (3, B)]),
    "quoted cells": (f'"HSA-id","Namn"\n"{A}","Norr"\n', [(2, A)]),
    "quoted ids in a text file": (f'"{A}"\n"{B}"\n', [(1, A), (2, B)]),
    "a blank after the comma": (f'HSA-id, Namn\n{A}, "Norr, Solna"\n{B}, Syd\n', [(2, A), (3, B)]),
    "a line break inside quotes": (
        f'HSA-id;Namn\n{A};"Norr\r\nvåning 2"\n{B};Syd\n',
        [(2, A), (4, B)],
    ),
    "quotation marks inside a cell": (
        f'HSA-id;Namn\n{A};Kliniken "Solen"\n{B};x\n',
        [(2, A), (3, B)],
    ),
    "a cell that begins with a quoted word": (f'Namn;HSA-id\n"Lilla" kliniken;{A}\n', [(2, A)]),
    "doubled quotation marks": (f'Namn;HSA-id\n"""Lilla"" kliniken";{A}\n', [(2, A)]),
    "how Excel is told the delimiter": (f"sep=;\nHSA-id;Namn\n{A};Norr\n", [(3, A)]),
    "any delimiter that is told so": (f"SEP=|\r\nNamn|HSA-id\r\nNorr|{A}\r\n", [(3, A)]),
    "codes kept as text for Excel": (f'HSA-id,Namn\n="{A}",Norr\n', [(2, A)]),
    "a title above the header": (f"Mottagningar 2026;\n\nHSA-id;Namn\n{A};Norr\n", [(4, A)]),
    "headers of two files in one": (f"HSA-id\n{A}\nHSA-id\n{B}\n", [(2, A), (3, "HSA-id"), (4, B)]),
    "words instead of ids": ("Norr, Solna\n12345\n", [(1, "Norr, Solna"), (2, "12345")]),
    "an unknown header": (f"Enhet;Namn\n{A};Norr\n", [(1, "Enhet"), (2, A)]),
    "a NUL in an id": (f"{A}\nSE23\x00-TB01\n{C}\n", [(1, A), (2, "SE23\x00-TB01"), (3, C)]),
    "very long lines": (
        f"HSA-id;Namn\n{A};{'x' * 300_000}\n{'y' * 300_000};\n",
        [(2, A), (3, "y" * 300_000)],
    ),
    "other line separators are letters": (f"{A}\u2028{B}\n", [(1, f"{A}\u2028{B}")]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_is_read_as_it_was_meant(shape):
    content, expected = SHAPES[shape]
    assert listed(content) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-32"])
@pytest.mark.parametrize("shape", ["semicolons", "commas in names, semicolons between"])
def test_every_encoding_that_people_have_is_understood(shape, encoding):
    content, expected = SHAPES[shape]
    assert listed(content.encode(encoding)) == expected


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_with_its_mark_is_understood_in_either_order(order):
    assert listed(f"\ufeffNamn\tHSA-id\nÅ\t{A}\n".encode(f"utf-16-{order}")) == [(2, A)]


def test_letters_of_windows_1252_are_kept():
    (entry,) = read(f"HSA-id;Namn\n{A};Åkerö – “Å” €\n".encode("cp1252")).entries
    assert entry.others == ("Åkerö – “Å” €",)
    assert read(f"HSA-id;Namn\n{A};\x81\n".encode("latin-1")).entries[0].text == A


@pytest.mark.parametrize(
    "spelling",
    [
        "HSA-id",
        "hsaid",
        "HSA ID",
        "HSA_ID",
        "Hsa-Id ",
        "HSAID:",
        "hsa-ID",
        "HSA\u2011id",
        "hsaIdentity",
    ],
)
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_header_is_known_in_any_spelling(spelling, delimiter):
    assert listed(f"Namn{delimiter}{spelling}\nNorr{delimiter}{A}\n") == [(2, A)]


@pytest.mark.parametrize("other", ["Namn", "HSA", "id", "Vårdgivarens HSA-id", "", A])
def test_other_words_are_no_header(other):
    assert not csv_cells.is_header(other)


BROKEN = {
    "a quotation mark that never ends": (f'HSA-id;Namn\n{A};"Norr\n{B};Syd\n', says.OPEN_QUOTE),
    "a quoted cell that swallowed rows": (f'"Solen;{A}\n"Månen" x;{B}\n', says.OPEN_QUOTE),
    "two columns that are called so": (f"HSA-id;hsaid\n{A};{B}\n", says.TWO_COLUMNS),
    "UTF-16 without its mark": (f"{A}\n".encode("utf-16-le"), says.BINARY),
    "UTF-16 that was cut off": (f"\ufeff{A}\n".encode("utf-16-le")[:-1], says.BROKEN_TEXT),
    "marked UTF-8 that is none": (b"\xef\xbb\xbfHSA-id\n\xe5\n", says.BROKEN_TEXT),
    "a zip": (b"PK\x03\x04" + bytes(40), says.COMPRESSED),
    "a workbook by any name": (b"PK\x03\x04" + b"....xl/workbook.xml", says.WORKBOOK),
    "a Word document": (b"PK\x03\x04" + b"....word/document.xml", says.DOCUMENT),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), says.WORKBOOK),
    "a PDF": (b"%PDF-1.7\n", says.DOCUMENT),
    "rich text": (rb"{\rtf1\ansi " + A.encode() + b"}", says.DOCUMENT),
    "a web page called xls": (f"<html><table><tr><td>{A}</td></tr>".encode(), says.MARKUP),
    "something huge": (b"\n" * (64 * 2**20 + 1), says.TOO_LARGE),
    "rows without number": (b"x\n" * 500_001, says.TOO_MANY_ROWS),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_cannot_be_trusted_is_refused_whole(kind):
    content, expected = BROKEN[kind]
    assert refusal(content).message is expected


def test_the_line_of_a_broken_quotation_mark_is_reported():
    said = refusal(f'HSA-id;Namn\n{A};"a\nb"\n{B};"Syd\n')
    assert said.values == {"line": 4}


def test_an_unusual_way_of_reading_a_file_is_reported():
    assert remarks(f"HSA-id;Namn\n{A};Norr\n") == remarks(f"{A}\n{B}\n") == []
    assert remarks("") == remarks("HSA-id\n") == [says.EMPTY]
    assert remarks(f"{A};Norr\n") == [says.FIRST_COLUMN]
    assert remarks(f"{A};{B}\n") == [says.FIRST_COLUMN, says.MORE_ON_LINE]
    assert remarks(f"Norr;{A}\nSyd;{B}\n") == [says.FIRST_COLUMN, says.OTHER_COLUMN]
    assert remarks(f"Lista\nHSA-id\n{A}\n") == [says.ABOVE_HEADER]


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TABLE = st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=6)


@given(TABLE, st.sampled_from(DELIMITERS), st.sampled_from(["\n", "\r\n"]))
def test_quoted_csv_is_read_back_with_each_rows_line(table, delimiter, end):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    expected, text = [], ""
    for row in table:
        line = 1 + text.count("\n") + text.count("\r") - text.count("\r\n")
        expected.append(Row(line, tuple(row)))
        writer.writerow(row)
        text = written.getvalue()
    assert list(rows(text, delimiter)) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    try:
        found = read(content)
    except Unreadable:
        return
    assert all(entry.line >= 1 for entry in found.entries)
    assert len({entry.line for entry in found.entries}) == len(found.entries)


@given(st.lists(st.sampled_from([A, B, C, "", "Norr", "a,b", 'x"y']), max_size=8))
def test_every_row_that_says_anything_is_an_entry(ids):
    content = "HSA-id;Namn\n" + "".join(f"{each};Norr\n" for each in ids)
    assert listed(content) == [(line, each) for line, each in enumerate(ids, start=2)]


# What spreadsheets, terminals and our own escapes act on, thick.
HOSTILE = st.text(
    st.sampled_from([*";,=+-@'\\xu01b5cU \t\r\n\x1b\x9b\x85\u2028\u202e\u2066\u200b＝\U000e0041"]),
    max_size=12,
)


@given(CELL | HOSTILE)
def test_a_safe_cell_is_inert_and_keeps_its_meaning(cell):
    safe = csv_cells.escaped(cell)
    assert not safe.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not re.search(r"""[;,][\s"']*[=+\-@＝＋－＠]""", safe)
    assert not {unicodedata.category(each) for each in safe} & {"Cc", "Cf", "Zl", "Zp"}
    assert csv_cells.unescaped(safe) == cell


@pytest.mark.parametrize("cell", [r"C:\new\xyz", r"Br\u00e5viken", r"a\b", r"\x1B"])
def test_a_backslash_that_escapes_nothing_stays(cell):
    assert csv_cells.escaped(cell) == csv_cells.unescaped(cell) == cell


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=3))
def test_a_report_of_a_report_is_the_same(rows):
    content = report.written(["HSA-id", "Namn"], [[A, *row] for row in rows])
    read_back = [[entry.text, *entry.others] for entry in read(content).entries]
    assert report.written(["HSA-id", "Namn"], read_back) == content


@given(st.lists(CELL.filter(trimmed), min_size=1, max_size=5))
def test_a_report_can_be_read_again(ids):
    content = report.written(["HSA-id", "Namn"], [[each, "Norr"] for each in ids])
    assert content.startswith(b"\xef\xbb\xbfHSA-id;Namn\r\n")
    found = read(content).entries
    assert [trimmed(entry.text) for entry in found] == [trimmed(each) for each in ids]


def test_a_report_runs_nothing_and_splits_nowhere():
    content = report.written(["HSA-id"], [["=cmd|' /C calc'!A0"], ["a,=1+1"], ["@x"], ['"; =1']])
    lines = decoded(content).splitlines()[1:]
    assert lines == ["'=cmd|' /C calc'!A0", r'"a,\x3d1+1"', "'@x", r'"""; \x3d1"']
    assert read(content).entries[0] == FileEntry(2, "=cmd|' /C calc'!A0")

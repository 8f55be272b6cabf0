"""What real spreadsheet programs and libraries write is read, or refused with what helps."""

from pathlib import Path

import pytest

from sync_worker.administration.csv_files.decoding import Unreadable
from sync_worker.administration.csv_files.reader import read
from sync_worker.domain.hsa_id import normalised
from sync_worker.language import Language

FOLDER = Path(__file__).parent.parent.parent / "spreadsheets"
A, B, C, D, E = (f"SE2321000016-TX0{number}" for number in range(1, 6))
# line, HSA-id; a cell with a line break makes the row on line 5 two lines long
LISTED = [(2, A), (3, B), (4, C), (5, D), (8, A), (9, E), (10, "")]
TEXTS = sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".csv", ".txt"})
NAMES = {
    "Åkerö vårdcentral",
    "Näsby, Söder; mottagning 2",
    '"Lilla" ögonkliniken',
    "=1+1 kliniken",
    "Utan id",
}


def contents(name):
    return read((FOLDER / name).read_bytes())


def test_there_are_files_of_several_programs():
    assert {name.partition("-")[0] for name in TEXTS} == {"gnumeric", "libreoffice", "pandas"}


@pytest.mark.parametrize("name", [name for name in TEXTS if "one-column" not in name])
def test_a_sheet_is_read_with_its_lines_and_its_letters(name):
    found = contents(name)
    above = 1 if "no-header" in name else 0
    # The row that is empty in the sheet has a number in front where pandas writes its index.
    expected = sorted([*LISTED, (7, "")]) if "index" in name else LISTED
    listed = [(entry.line, normalised(entry.text)) for entry in found.entries]
    assert listed == [(line - above, hsa_id) for line, hsa_id in expected]
    assert {cell for entry in found.entries for cell in entry.others} >= NAMES
    assert bool(found.remarks) is ("no-header" in name)


def test_one_column_is_read_without_any_delimiter():
    found = contents("pandas-one-column.csv")
    listed = [(entry.line, normalised(entry.text)) for entry in found.entries]
    assert listed == [(2, A), (3, B), (4, C), (5, D), (7, A), (8, E)]


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("openpyxl.xlsx", "Excel workbook", "CSV UTF-8"),
        ("xlsxwriter.xlsx", "Excel workbook", "CSV UTF-8"),
        ("libreoffice.xlsx", "Excel workbook", "CSV UTF-8"),
        ("libreoffice.xls", "Excel workbook", "CSV UTF-8"),
        ("gnumeric.xls", "Excel workbook", "CSV UTF-8"),
        ("libreoffice.ods", "LibreOffice", "Text CSV"),
        ("libreoffice.pdf", "PDF", "plain text"),
        ("libreoffice.html", "HTML", "CSV UTF-8"),
        ("gnumeric.gnumeric", "gzip", "Unpack"),
    ],
)
def test_a_file_that_is_not_text_is_refused_with_advice(name, what, remedy):
    with pytest.raises(Unreadable) as refused:
        contents(name)
    assert what in refused.value.message.text(Language.ENGLISH)
    assert remedy in refused.value.hint.text(Language.ENGLISH)
    assert refused.value.hint.text(Language.SWEDISH)

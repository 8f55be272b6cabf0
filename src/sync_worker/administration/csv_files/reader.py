"""A file of HSA-ids, as people have them, to entries with the numbers of their lines.

txt: one id a line. csv: a column called HSA-id in any spelling, else the first one; by comma,
semicolon or tab (contract 4, `clinics import`).
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from sync_worker.administration.csv_files.decoding import Unreadable, decoded
from sync_worker.administration.messages import files as says
from sync_worker.domain import hsa_id as hsa_ids
from sync_worker.files import csv_cells
from sync_worker.files.csv_rows import DELIMITERS, OpenQuote, Row, rows
from sync_worker.language import FilledMessage

MOST_MIB = 64
MOST_ROWS = 500_000
"""No list of clinics is larger than either; it is read into memory."""
_SAMPLE_ROWS = 500
_MOST_ROWS_ABOVE_HEADER = 20
_SEPARATOR_LINE = re.compile(
    r'\ufeff*"?sep=(?P<delimiter>[^\w"\r\n])"?[;,\t ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE
)
"""How a csv file tells Excel its delimiter."""


class FileEntry(NamedTuple):
    """What one row names: its line, from 1, the id as it was written, and the row's other cells."""

    line: int
    text: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileContents:
    """What stands in a file; `remarks` say how it was read where that is not plain."""

    entries: list[FileEntry]
    other_columns: tuple[str, ...] = ()
    """The names of the columns beside the HSA-id's; empty where there is no header."""
    remarks: list[FilledMessage] = field(default_factory=list)


class _Header(NamedTuple):
    row: Row
    columns: tuple[int, ...]


def read(content: bytes) -> FileContents:
    """Every row of a file that says anything; blank rows are left out.

    Raises:
        Unreadable: it is not a text or csv file, or a broken one; nothing of it is to be used.
    """
    if len(content) > MOST_MIB * 2**20:
        raise Unreadable(says.TOO_LARGE(most=MOST_MIB), says.CHECK_FILE())
    text = decoded(content).lstrip("\ufeff")
    separator = _SEPARATOR_LINE.match(text)
    if separator:
        listed = rows(text[separator.end() :], separator["delimiter"], first_line=2)
    else:
        listed = rows(text, _delimiter(text))
    not_blank = (row for row in listed if not all(map(csv_cells.is_blank, row.cells)))
    try:
        written = list(islice(not_blank, MOST_ROWS + 1))
    except OpenQuote as error:
        raise Unreadable(says.OPEN_QUOTE(line=error.line), says.CORRECT_QUOTE()) from None
    if len(written) > MOST_ROWS:
        raise Unreadable(says.TOO_MANY_ROWS(most=MOST_ROWS), says.CHECK_FILE())
    header = _header(written)
    contents = _below(header, written) if header else _without_header(written)
    if not contents.entries:
        contents.remarks.append(says.EMPTY())
    return contents


def _below(header: _Header, written: Sequence[Row]) -> FileContents:
    if len(header.columns) > 1:
        raise Unreadable(says.TWO_COLUMNS(line=header.row.line), says.RENAME_COLUMN())
    (column,) = header.columns
    remarks = []
    if written[0] is not header.row:
        remarks.append(says.ABOVE_HEADER(line=header.row.line))
    names = tuple(map(csv_cells.plain, _without(header.row.cells, column)))
    below = [row for row in written if row.line > header.row.line]
    return FileContents(_entries(below, column), names, remarks)


def _without_header(written: Sequence[Row]) -> FileContents:
    column = min((_first_filled(row) for row in written), default=0)
    remarks = []
    if any(
        len(row.cells) > 1 and not all(map(csv_cells.is_blank, row.cells[1:])) for row in written
    ):
        remarks = [says.FIRST_COLUMN(line=written[0].line), *_doubts(written, column)]
    return FileContents(_entries(written, column), (), remarks)


def _doubts(written: Sequence[Row], column: int) -> list[FilledMessage]:
    """What makes it doubtful that the first column is the one that was meant."""
    others = [
        (row.line, index, not any(map(csv_cells.is_hsa_id, row.cells[: column + 1])))
        for row in written
        for index, cell in enumerate(row.cells)
        if index != column and csv_cells.is_hsa_id(cell)
    ]
    if not others:
        return []
    line, index, is_alone = others[0]
    if is_alone and not any(csv_cells.is_hsa_id(entry.text) for entry in _entries(written, column)):
        return [says.OTHER_COLUMN(column=index + 1)]
    return [says.MORE_ON_LINE(line=line)]


def _delimiter(text: str) -> str:
    """The delimiter under which the rows say most: a header, then HSA-ids where they should be."""
    return max(DELIMITERS, key=lambda delimiter: _worth(text, delimiter))


def _worth(text: str, delimiter: str) -> tuple[int, int, int]:
    sample: list[Row] = []
    # Where it breaks off is told when the file is read; what stands before is worth what it says.
    with suppress(OpenQuote):
        sample.extend(islice(rows(text, delimiter), _SAMPLE_ROWS))
    header = _header(sample)
    column = header.columns[0] if header else min(map(_first_filled, sample), default=0)
    in_column = sum(csv_cells.is_hsa_id(_cell(row, column)) for row in sample)
    anywhere = sum(any(map(csv_cells.is_hsa_id, row.cells)) for row in sample)
    return int(header is not None), in_column, anywhere


def _header(sample: Sequence[Row]) -> _Header | None:
    """The first row with a cell that says HSA-id, unless an HSA-id stands above it."""
    for row in sample[:_MOST_ROWS_ABOVE_HEADER]:
        columns = tuple(index for index, cell in enumerate(row.cells) if csv_cells.is_header(cell))
        if columns:
            return _Header(row, columns)
        if any(map(csv_cells.is_hsa_id, row.cells)):
            return None
    return None


def _entries(listed: Sequence[Row], column: int) -> list[FileEntry]:
    return [
        FileEntry(
            row.line,
            csv_cells.plain(_cell(row, column)),
            tuple(map(csv_cells.unescaped, _without(row.cells, column))),
        )
        for row in listed
    ]


def _first_filled(row: Row) -> int:
    """The first column in which the row says anything."""
    filled = (index for index, cell in enumerate(row.cells) if not csv_cells.is_blank(cell))
    return next(filled, len(row.cells))


def _cell(row: Row, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""


def _without(row_cells: Sequence[str], column: int) -> tuple[str, ...]:
    return (*row_cells[:column], *row_cells[column + 1 :])


# What is odd about the ids of a file, and yet no reason to refuse them.


_MOST_NAMED = 5
"""So many wrong check digits are told one by one."""


def wrong_check_digits(entries: Iterable[FileEntry]) -> list[FilledMessage]:
    """Sentences about the HSA-ids that are well-formed, and whose check digits are wrong."""
    odd: dict[str, int] = {}
    for entry in entries:
        hsa_id = hsa_ids.cleaned(entry.text)
        if hsa_ids.is_miscopied(hsa_id):
            odd.setdefault(hsa_id, entry.line)
    if len(odd) > _MOST_NAMED:
        lines = ", ".join(map(str, odd.values()))
        return [says.CHECK_DIGITS(count=len(odd), lines=lines)]
    return [says.CHECK_DIGIT(hsa_id=hsa_id) for hsa_id in odd]

"""The rows of a plan that is kept: each with what becomes of it, or became; as bytes and back."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sync_worker.administration.csv_files.reader import FileEntry
from sync_worker.administration.imports import RowItem
from sync_worker.domain.admission import AdmissionOutcome, Refusal
from sync_worker.domain.hsa_id import trimmed

_MOST_CHARACTERS = 100
_CUT = "…"


class PlannedRow(NamedTuple):
    """One row that somebody gave, and what becomes of it."""

    text: str
    """The HSA-id as it was written."""
    item: RowItem
    before: str | None = None
    """What was to become of it before, by `RowItem.code`, where that has changed."""
    revision: int = 1
    """The revision of the plan that was the first to say so."""


class NamedRows(NamedTuple):
    """The rows of a plan or a receipt, in the order given, and the names of their clinics."""

    rows: list[PlannedRow]
    names: Mapping[str, str]


def shortened(entry: FileEntry) -> FileEntry:
    """The line and the id of an entry, which is all that is kept of a file.

    A text that is too long to be an id remains so: a mark stands for what is cut off.
    """
    text = encodable(trimmed(entry.text))
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - len(_CUT)] + _CUT
    return FileEntry(entry.line, text)


def encodable(text: str) -> str:
    """The text with lone surrogates as escapes: two of them would be read back as one character."""
    return text.encode(errors="backslashreplace").decode()


def counted(rows: Iterable[PlannedRow]) -> dict[str, int]:
    """How many rows have which outcome, or reason where they are refused."""
    return dict(Counter(row.item.code for row in rows))


def packed(rows: Sequence[PlannedRow], names: Mapping[str, str]) -> bytes:
    """Rows as bytes."""
    document = {"rows": [_flat(row) for row in rows], "names": dict(names)}
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def unpacked(content: bytes) -> NamedRows:
    """What was packed."""
    document = json.loads(zlib.decompress(content))
    return NamedRows([_row(each) for each in document["rows"]], document["names"])


def _flat(row: PlannedRow) -> tuple[object, ...]:
    return row.text, row.before, row.revision, *row.item


def _row(flat: Sequence[str]) -> PlannedRow:
    text, before, revision, line, hsa_id, outcome, reason = flat
    refusal = Refusal(reason) if reason else None
    item = RowItem(int(line), hsa_id, AdmissionOutcome(outcome), refusal)
    return PlannedRow(text, item, before, int(revision))

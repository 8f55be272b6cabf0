"""The report of rows that were not done: a csv that can be corrected and imported again."""

from collections.abc import Iterable, Sequence

from sync_worker.administration.csv_files.reader import FileContents, FileEntry
from sync_worker.administration.imports import RowItem
from sync_worker.administration.messages import clinics as says
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.files import excel_csv
from sync_worker.language import Language


def rows_not_done(items: Sequence[RowItem]) -> int:
    """How many rows a report has."""
    return sum(map(_is_reported, items))


def report(given: FileContents, items: Sequence[RowItem], language: Language) -> bytes:
    """The file's content: a row for each that was not done, with the code, the why and the remedy.

    The HSA-id comes first, and what stood beside it in the file last.
    """
    own = says.REPORT_COLUMNS[1:]
    own_names = [tuple(column().text(each) for column in own) for each in Language]
    # The file may be a report, in any language: the columns of that are not reported again.
    kept = len(own) if given.other_columns[: len(own)] in own_names else 0
    header = [column().text(language) for column in says.REPORT_COLUMNS]
    rows = [
        _row(entry, item, kept, language)
        for entry, item in zip(given.entries, items, strict=True)
        if _is_reported(item)
    ]
    return written([*header, *given.other_columns[kept:]], rows)


def _is_reported(item: RowItem) -> bool:
    return item.outcome in {AdmissionOutcome.REFUSED, AdmissionOutcome.NOT_DONE}


def _row(entry: FileEntry, item: RowItem, kept: int, language: Language) -> list[str]:
    if item.reason is None:
        words = [says.NOT_DONE().text(language), ""]
    else:
        words = [sentence().text(language) for sentence in REFUSALS[item.reason]]
    return [entry.text, str(entry.line), item.code, *words, *entry.others[kept:]]


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as the content of such a file."""
    return b"".join(excel_csv.written(header, rows))

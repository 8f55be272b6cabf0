"""The report of the rows that an import did not do, to be corrected and imported again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync_worker.administration.csv_files import report
from sync_worker.administration.csv_files.reader import FileContents, FileEntry
from sync_worker.administration.imports import RowItem
from sync_worker.administration.messages import clinics as says
from sync_worker.administration.messages import files, plans
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.cli.input_files import STDIN, why
from sync_worker.cli.messages import NAME_ANOTHER_REPORT
from sync_worker.cli.output import Output
from sync_worker.cli.output_files import refuse_registry
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.errors import Exit, UserError, Words
from sync_worker.files.atomic import AtomicFile, NotARegularFile
from sync_worker.language import Language

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings


class Report:
    """A file that takes its place only once it is written; `file` is to be left at the end."""

    def __init__(self, path: Path, file: str, settings: "Settings") -> None:
        """Raise UserError where nothing can be written, or the input or a registry is there."""
        self.path = path
        try:
            self._refuse_input(file)
            refuse_registry(settings, path)
            self.file = AtomicFile(path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error, plans.NOTHING_CHANGED()) from None

    def write(
        self,
        output: Output,
        given: FileContents,
        items: Sequence[RowItem],
        *,
        has_changed_registry: bool,
    ) -> int:
        """Put the rows that were not done at the path; how many they are.

        Raises:
            UserError: it cannot be done; the error says whether the registry was changed.
        """
        kept = _columns_to_keep(given)
        pairs = zip(given.entries, items, strict=True)
        rows = [
            _row(output, entry, kept, item)
            for entry, item in pairs
            if item.outcome in {AdmissionOutcome.REFUSED, AdmissionOutcome.NOT_DONE}
        ]
        header = [output.words(column()) for column in says.REPORT_COLUMNS]
        try:
            content = report.written([*header, *given.other_columns[kept:]], rows)
            self.file.content.write(content)
            self.file.put()
        except OSError as error:
            consequence = says.CHANGES_MADE if has_changed_registry else plans.NOTHING_CHANGED
            raise self._unwritable(error, consequence()) from None
        return len(rows)

    def _refuse_input(self, file: str) -> None:
        if file != STDIN and self.path.exists() and self.path.samefile(file):
            raise UserError(
                Exit.USAGE,
                says.REPORT_IS_INPUT(),
                why=plans.NOTHING_CHANGED(),
                hint=NAME_ANOTHER_REPORT(),
            )

    def _unwritable(self, error: Exception, consequence: Words) -> UserError:
        said = says.REPORT_UNWRITABLE(path=self.path, why=_why(error))
        hint = files.CHECK_PERMISSIONS()
        return UserError(Exit.USAGE, said, why=consequence, hint=hint, code="file")


def _why(error: Exception) -> Words:
    return files.KINDS[error.kind]() if isinstance(error, NotARegularFile) else why(error)


def _columns_to_keep(given: FileContents) -> int:
    """From which of the file's other columns on: a report's own are not reported again."""
    own = says.REPORT_COLUMNS[1:]
    for language in Language:
        names = tuple(column().text(language) for column in own)
        if given.other_columns[: len(own)] == names:
            return len(own)
    return 0


def _row(output: Output, entry: FileEntry, kept: int, item: RowItem) -> list[str]:
    if item.reason is None:
        explained: tuple[Words, Words] = (says.NOT_DONE(), "")
    else:
        why_refused, remedy = REFUSALS[item.reason]
        explained = (why_refused(), remedy())
    code = (item.reason or item.outcome).value
    words = [output.words(sentence) for sentence in explained]
    return [entry.text, str(entry.line), code, *words, *entry.others[kept:]]

"""Adding and removing the clinics of a file: the plan, the question, the deed, the receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync_worker.administration import clinics, imports
from sync_worker.administration.csv_files import report
from sync_worker.administration.csv_files.reader import FileContents
from sync_worker.administration.messages import clinics as says
from sync_worker.administration.messages import files as says_of_files
from sync_worker.administration.messages.plans import NOTHING_CHANGED
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.cli import files, messages
from sync_worker.cli.interruption import Interruption
from sync_worker.cli.invocation import Invocation
from sync_worker.cli.output import Output
from sync_worker.cli.plan import Author, Consent
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.errors import Exit, UserError, Words
from sync_worker.files.atomic import AtomicFile, NotARegularFile, is_disk_full

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings

COLUMNS = ("line", "hsa_id", "outcome", "reason")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on the command line."""

    verb: clinics.RegistrationChange
    file: str
    consent: Consent
    all_or_nothing: bool = False
    report: Path | None = None

    @property
    def wording(self) -> says.Wording:
        """What the verb is called."""
        return says.ADDING if self.verb.becomes_registered else says.REMOVING


def carry_out(run: Invocation, order: Order, acting_for: clinics.ActingFor, author: Author) -> Exit:
    """Plan, ask, do and tell; what the command ends with."""
    given = files.contents(order.file)
    is_whole = order.all_or_nothing
    with ExitStack() as stack:
        stack.enter_context(Interruption().installed())
        report_file = None
        if order.report is not None:
            report_file = _ReportFile(order.report, order.file, run.settings)
            stack.enter_context(report_file.file)
        registry = stack.enter_context(run.registry())
        plan = imports.plan(
            registry, order.verb, given.entries, acting_for, all_or_nothing=is_whole
        )
        told = _Teller(run, order, given)
        told.plan(plan)

        def change() -> imports.Done:
            with told.progress(len(plan.items)) as tell:
                return imports.do(registry, plan, author.now(), all_or_nothing=is_whole, tell=tell)

        question = order.wording.question(count=len(plan.to_do)) if plan.to_do else None
        done = order.consent.carry_out(run.output, question, change)
        if done is None and not order.consent.dry_run:
            imports.confirm(registry, plan, author.now())
        done = done or imports.Done(plan.items, [])
        told.items(done)
        if report_file is not None:
            is_changed = any(item.outcome is order.verb.done for item in done.items)
            report_file.write(
                run.output, given, done, is_changed=is_changed and not order.consent.dry_run
            )
        told.receipt(done, author)
    if not any(item.outcome is AdmissionOutcome.REFUSED for item in done.items):
        return Exit.DONE
    return Exit.REFUSED if is_whole else Exit.ATTENTION


class _ReportFile:
    """A file that takes its place only once it is written; `file` is to be left at the end."""

    def __init__(self, path: Path, given: str, settings: Settings) -> None:
        """Raise UserError where nothing can be written, or the input or a registry is there."""
        self._path = path
        try:
            if given != files.STREAM and path.exists() and path.samefile(given):
                raise UserError(
                    Exit.USAGE,
                    says.REPORT_IS_INPUT(),
                    why=NOTHING_CHANGED(),
                    hint=messages.NAME_ANOTHER_REPORT(),
                )
            files.refuse_registry(settings, path)
            self.file = AtomicFile(path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error, NOTHING_CHANGED()) from None

    def write(
        self, output: Output, given: FileContents, done: imports.Done, *, is_changed: bool
    ) -> None:
        """Write the rows that were not done, with what stood beside them in the file.

        Raises:
            UserError: it cannot be done; the error says whether the registry was changed.
        """
        try:
            self.file.write(report.report(given, done.items, output.language))
            self.file.put()
        except OSError as error:
            consequence = says.CHANGES_MADE if is_changed else NOTHING_CHANGED
            raise self._unwritable(error, consequence()) from None
        count = report.rows_not_done(done.items)
        told = says.REPORT_WRITTEN if count else says.REPORT_EMPTY
        output.message(told(path=self._path, count=count))

    def _unwritable(self, error: Exception, consequence: Words) -> UserError:
        why: Words = files.why(error)
        if isinstance(error, NotARegularFile):
            why = says_of_files.KINDS[error.kind]()
        said = says.REPORT_UNWRITABLE(path=self._path, why=why)
        is_full = isinstance(error, OSError) and is_disk_full(error)
        hint = says_of_files.MAKE_ROOM() if is_full else says_of_files.CHECK_PERMISSIONS()
        return UserError(Exit.USAGE, said, why=consequence, hint=hint, code="file")


class _Teller:
    """Tells people on stderr what is planned and done, and puts the rows on stdout."""

    def __init__(self, run: Invocation, order: Order, given: FileContents) -> None:
        self._output = run.output
        self._order, self._given = order, given
        self._names: Mapping[str, str] = {}

    def plan(self, plan: imports.Plan) -> None:
        """What would be done, and what is refused and why; each row is named that is looked at."""
        output, order = self._output, self._order
        self._names = plan.names
        count = len(plan.items)
        output.message(says.ROWS_READ(file=files.name_of(order.file), count=count))
        files.tell_remarks(output, self._given)
        outcomes = Counter(item.outcome for item in plan.items)
        to_do = outcomes[order.verb.done] + outcomes[AdmissionOutcome.NOT_DONE]
        if to_do:
            output.message(order.wording.planned(count=to_do))
        if plan.to_do and order.consent.is_asked_for:
            self._rows(plan.to_do)
        nothing_new = outcomes.total() - to_do - outcomes[AdmissionOutcome.REFUSED]
        if nothing_new:
            output.message(order.wording.nothing_new(count=nothing_new))
        self._refused(plan.items)

    @contextmanager
    def progress(self, rows: int) -> Iterator[Callable[[float], None]]:
        """Show how far the body is with so many rows, which is to tell it."""
        reached = [0.0]

        def tell(fraction: float) -> None:
            reached[0] = fraction

        with self._output.progress(
            self._order.wording.progress(),
            lambda: reached[0],
            lambda: round(reached[0] * rows),
            unit=messages.ROWS_DONE,
        ):
            yield tell

    def items(self, done: imports.Done) -> None:
        """The rows as data, with how many have which outcome."""
        kinds = Counter(item.code for item in done.items)
        rows = [item._asdict() for item in done.items]
        extra = {"summary": dict(sorted(kinds.items()))}
        self._output.items(rows, COLUMNS, empty=says_of_files.EMPTY(), extra=extra)

    def receipt(self, done: imports.Done, author: Author) -> None:
        """What was done, by whom, and what needs attention."""
        output, order = self._output, self._order
        counts = Counter(item.outcome for item in done.items)
        refused = {"refused": counts[AdmissionOutcome.REFUSED], "count": len(done.items)}
        self._changed(done)
        if order.consent.dry_run:
            output.message(messages.DRY_RUN())
        elif counts[order.verb.done]:
            output.message(order.wording.done(count=counts[order.verb.done]))
            output.message(_by_whom(author))
        elif not counts[AdmissionOutcome.REFUSED]:
            output.message(says.NOTHING_TO_DO())
        if counts[AdmissionOutcome.REFUSED]:
            is_all_undone = order.all_or_nothing and not order.consent.dry_run
            told = messages.ALL_OR_NOTHING if is_all_undone else says.ROWS_REFUSED
            output.attention(told(**refused))

    def _refused(self, items: Sequence[imports.RowItem]) -> None:
        for refusal, explained in REFUSALS.items():
            rows = [item for item in items if item.reason is refusal]
            if rows:
                words = {"why": explained.why, "remedy": explained.remedy}
                heading = says.REFUSED_ROWS(count=len(rows), code=refusal.value, **words)
                self._output.message(heading)
                self._rows(rows)

    def _rows(self, items: Sequence[imports.RowItem]) -> None:
        for item in items:
            what: Words = item.hsa_id or says.NO_HSA_ID()
            name = self._names.get(item.hsa_id, "")
            shown = f"{self._output.words(what)} {name}".rstrip()
            self._output.message(says.ROW(line=item.line, what=shown))

    def _changed(self, done: imports.Done) -> None:
        """The rows whose verdict was another in the plan."""
        if not done.changed:
            return
        now = {item.line: item for item in done.items}
        self._output.attention(says.CHANGED(count=len(done.changed)))
        for planned in done.changed:
            item = now[planned.line]
            said = {"planned": planned.code, "now": item.code}
            row = says.CHANGED_ROW(line=item.line, hsa_id=item.hsa_id, **said)
            self._output.attention(row)


def _by_whom(author: Author) -> Words:
    if author.reason is None:
        return says.BY_WHOM(actor=author.actor)
    return says.BY_WHOM_AND_WHY(actor=author.actor, reason=author.reason)

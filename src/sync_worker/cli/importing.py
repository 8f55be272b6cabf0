"""Adding and removing the clinics of a file: the plan, the question, the deed, the receipt."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from sync_worker import bootstrap
from sync_worker.administration import imports
from sync_worker.administration.clinics import ActingFor, Verb
from sync_worker.administration.csv_files.reader import FileContents
from sync_worker.administration.imports import Done, Plan, RowItem
from sync_worker.administration.messages import clinics as says
from sync_worker.administration.messages import files as says_of_files
from sync_worker.administration.messages.refusals import REFUSALS
from sync_worker.authorship import Authorship
from sync_worker.cli import input_files, messages
from sync_worker.cli.import_report import Report
from sync_worker.cli.interruption import Interruption
from sync_worker.cli.invocation import Invocation
from sync_worker.domain.admission import AdmissionOutcome
from sync_worker.errors import Exit, Words

COLUMNS = ("line", "hsa_id", "outcome", "reason")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on the command line."""

    verb: Verb
    file: str
    dry_run: bool
    yes: bool
    all_or_nothing: bool = False
    report: Path | None = None

    @property
    def wording(self) -> says.Wording:
        """What the verb is called."""
        return says.ADDING if self.verb.becomes_registered else says.REMOVING


def carry_out(run: Invocation, order: Order, acting_for: ActingFor, authorship: Authorship) -> Exit:
    """Plan, ask, do and tell; what the command ends with."""
    given = input_files.contents(order.file)
    with ExitStack() as stack:
        stack.enter_context(Interruption().installed())
        written = None
        if order.report is not None:
            written = Report(order.report, order.file, run.settings)
            stack.enter_context(written.file)
        registry = stack.enter_context(run.registry())
        plan = imports.plan(
            registry, order.verb, given.entries, acting_for, all_or_nothing=order.all_or_nothing
        )
        told = _Teller(run, order, given)
        told.plan(plan)
        done = imports.Done(plan.items, [])
        if plan.to_do and not order.dry_run:
            run.output.confirm(order.wording.question(count=len(plan.to_do)), yes=order.yes)
            agreed = replace(authorship, at=bootstrap.now())
            done = told.done_by(
                lambda tell: imports.do(
                    registry, plan, agreed, all_or_nothing=order.all_or_nothing, tell=tell
                )
            )
        elif not order.dry_run:
            imports.confirm(registry, plan, authorship)
        told.items(done)
        if written is not None:
            told.report(written, done)
        told.receipt(done, authorship)
    return _exit(order, done)


class _Teller:
    """Tells people on stderr what is planned and done, and puts the rows on stdout."""

    def __init__(self, run: Invocation, order: Order, given: FileContents) -> None:
        self._output = run.output
        self._order, self._given = order, given
        self._names: Mapping[str, str] = {}

    def plan(self, plan: Plan) -> None:
        """What would be done, and what is refused and why; each row is named that is looked at."""
        output, order = self._output, self._order
        self._names = plan.names
        count = len(plan.items)
        output.message(says.ROWS_READ(file=input_files.name_of(order.file), count=count))
        input_files.tell_remarks(output, self._given)
        outcomes = Counter(item.outcome for item in plan.items)
        to_do = outcomes[order.verb.done] + outcomes[AdmissionOutcome.NOT_DONE]
        if to_do:
            output.message(order.wording.planned(count=to_do))
        if plan.to_do and not order.yes and not order.dry_run:
            self._rows(plan.to_do)
        nothing_new = outcomes.total() - to_do - outcomes[AdmissionOutcome.REFUSED]
        if nothing_new:
            output.message(order.wording.nothing_new(count=nothing_new))
        self._refused(plan.items)

    def done_by(self, deed: Callable[[Callable[[float], None]], Done]) -> Done:
        """Do it, and show how far it has come."""
        reached = [0.0]

        def tell(fraction: float) -> None:
            reached[0] = fraction

        with self._output.progress(self._order.wording.progress(), lambda: reached[0]):
            return deed(tell)

    def items(self, done: Done) -> None:
        """The rows as data, with how many of them came to what."""
        kinds = Counter((item.reason or item.outcome).value for item in done.items)
        rows = [item._asdict() for item in done.items]
        extra = {"summary": dict(sorted(kinds.items()))}
        self._output.items(rows, COLUMNS, empty=says_of_files.EMPTY(), extra=extra)

    def report(self, written: Report, done: Done) -> None:
        """Write the rows that were not done, with what stood beside them in the file."""
        path, verb = written.path, self._order.verb
        has_changed_registry = not self._order.dry_run and any(
            item.outcome is verb.done for item in done.items
        )
        count = written.write(
            self._output, self._given, done.items, has_changed_registry=has_changed_registry
        )
        told = (
            says.REPORT_WRITTEN(path=path, count=count) if count else says.REPORT_EMPTY(path=path)
        )
        self._output.message(told)

    def receipt(self, done: Done, authorship: Authorship) -> None:
        """What was done, by whom, and what needs attention."""
        output, order = self._output, self._order
        counts = Counter(item.outcome for item in done.items)
        refused = {"refused": counts[AdmissionOutcome.REFUSED], "count": len(done.items)}
        self._changed(done)
        if order.dry_run:
            output.message(messages.DRY_RUN())
        elif counts[order.verb.done]:
            output.message(order.wording.done(count=counts[order.verb.done]))
            output.message(_by_whom(authorship))
        elif not counts[AdmissionOutcome.REFUSED]:
            output.message(says.NOTHING_TO_DO())
        if counts[AdmissionOutcome.REFUSED]:
            is_all_undone = order.all_or_nothing and not order.dry_run
            told = messages.ALL_OR_NOTHING if is_all_undone else says.ROWS_REFUSED
            output.attention(told(**refused))

    def _refused(self, items: Sequence[RowItem]) -> None:
        for refusal, explained in REFUSALS.items():
            rows = [item for item in items if item.reason is refusal]
            if rows:
                words = {"why": explained.why, "remedy": explained.remedy}
                heading = says.REFUSED_ROWS(count=len(rows), code=refusal.value, **words)
                self._output.message(heading)
                self._rows(rows)

    def _rows(self, items: Sequence[RowItem]) -> None:
        for item in items:
            what: Words = item.hsa_id or says.NO_HSA_ID()
            name = self._names.get(item.hsa_id, "")
            shown = f"{self._output.words(what)} {name}".rstrip()
            self._output.message(says.ROW(line=item.line, what=shown))

    def _changed(self, done: Done) -> None:
        """The rows whose verdict was another in the plan."""
        if not done.changed:
            return
        now = {item.line: item for item in done.items}
        self._output.attention(says.CHANGED(count=len(done.changed)))
        for planned in done.changed:
            item = now[planned.line]
            said = {"planned": _code(planned), "now": _code(item)}
            row = says.CHANGED_ROW(line=item.line, hsa_id=item.hsa_id, **said)
            self._output.attention(row)


def _code(item: RowItem) -> str:
    return (item.reason or item.outcome).value


def _by_whom(authorship: Authorship) -> Words:
    if authorship.reason is None:
        return says.BY_WHOM(actor=authorship.actor)
    return says.BY_WHOM_AND_WHY(actor=authorship.actor, reason=authorship.reason)


def _exit(order: Order, done: Done) -> Exit:
    if not any(item.outcome is AdmissionOutcome.REFUSED for item in done.items):
        return Exit.DONE
    return Exit.REFUSED if order.all_or_nothing else Exit.ATTENTION

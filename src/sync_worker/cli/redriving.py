"""`deadletters redrive`: the plan, and what became of each letter."""

from collections.abc import Iterable, Sequence
from typing import Any

from sync_worker.authorship import Authorship
from sync_worker.cli import choosing_letters, moves, reading_again, text
from sync_worker.cli.invocation import Invocation
from sync_worker.cli.reading_again import Again
from sync_worker.events.record import Excerpt
from sync_worker.operations.redrive import DryRunRedriver, Redriven, Redriver
from sync_worker.operations.replay import ReapplyReport
from sync_worker.pipeline.merge import Outcome
from sync_worker.registry.dead_letters import DeadLetterSummary

COLUMNS = ("id", "outcome")


class Redrive:
    """One command's redrive, for its plan and in earnest."""

    def __init__(self, run: Invocation, again: Again, heads: Sequence[DeadLetterSummary]) -> None:
        self._run = run
        self._again = again
        self._heads = heads
        self._report = ReapplyReport()
        self._items: list[dict[str, Any]] = []
        self._excerpts = 0

    def tell_plan(self) -> None:
        """Say what would become of them, in a sentence, and who would lose the service."""
        hand = DryRunRedriver(self._again.reapply_context, self._run.settings.batch_max_records)
        report = ReapplyReport()
        for part in hand.take(self._heads):
            report.add(part.merged)
        would = ", ".join(f"{report.counts[outcome]} {_WOULD[outcome]}" for outcome in Outcome)
        self._run.output.message(f"{len(self._heads)} dead letters: {would}.")
        moves.tell(self._run.output, report.moved_without_board(), is_done=False)

    def rehearse(self) -> bool:
        """Print what would become of each; whether somebody should look."""
        hand = DryRunRedriver(self._again.reapply_context, self._run.settings.batch_max_records)
        return self._shown(hand.take(self._heads), is_done=False)

    def do(self, actor: str, reason: str | None) -> bool:
        """Redrive them and print what became of each; whether somebody should look."""
        context = self._again.reapply_context
        authorship = Authorship(actor, reason, context.clock())
        hand = Redriver(context, authorship, self._run.settings.batch_max_records)
        return self._shown(hand.take(self._heads), is_done=True)

    def _shown(self, redriven: Iterable[Redriven], *, is_done: bool) -> bool:
        output = self._run.output
        try:
            with reading_again.ended_in_order(self._again.interruption):
                self._take(redriven)
        finally:
            output.items(self._items, COLUMNS, empty="There is nothing to redrive.")
            moves.tell(output, self._report.moved_without_board(), is_done=is_done)
        choosing_letters.tell_gone(output, len(self._heads) - len(self._items))
        bad = self._report.counts[Outcome.DEAD_LETTERED]
        if bad:
            output.attention(f"{bad} are still bad: sync-worker deadletters list")
        if self._excerpts:
            output.attention(
                f"{self._excerpts} of them were too large, and only the beginning was kept: they "
                "cannot be redriven. Have what they say published in smaller records, and discard "
                "them."
            )
        if self._report.ahead_of_clock:
            output.attention(text.ahead_of_clock(self._report.ahead_of_clock))
        if self._report.held:
            output.attention(f"{self._report.held} are held back: sync-worker holds list")
        return bool(bad or self._report.held)

    def _take(self, redriven: Iterable[Redriven]) -> None:
        """Part by part; a first Ctrl-C lets the part in hand be finished."""
        parts = iter(redriven)
        while not self._again.interruption.is_wanted:
            with self._again.interruption.shielded():
                part = next(parts, None)
                if part is None:
                    return
                self._report.add(part.merged)
                rejected = part.merged.dead_lettered
                self._excerpts += sum(isinstance(bad.record.value, Excerpt) for bad in rejected)
                self._items += [
                    {"id": number, "outcome": outcome.value} for number, outcome in part.outcomes
                ]


_WOULD = {
    Outcome.APPLIED: "would be applied",
    Outcome.SUPERSEDED: "superseded",
    Outcome.IGNORED: "ignored",
    Outcome.DEAD_LETTERED: "still bad",
}

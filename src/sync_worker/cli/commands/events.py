"""`sync-worker events`: events judged as the worker would; the stream as a file, and back."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click

from sync_worker import bootstrap
from sync_worker.cli import options
from sync_worker.cli.commands import events_export, events_publish
from sync_worker.cli.event_files import InputKind, Placed, opened
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.cli.table import Columns
from sync_worker.cli.warnings import ahead_of_clock
from sync_worker.errors import Exit
from sync_worker.events.decode_result import DecodeResult, Event, Ignored, Rejection
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import Record

COLUMNS = Columns(
    "line",
    "topic",
    "partition",
    "offset",
    "key",
    "verdict",
    "reason",
    "detail",
    hidden_first=("offset", "partition", "topic", "key"),
)
VALID, IGNORED, DEAD_LETTERED = "valid", "ignored", "dead_lettered"


@click.group(cls=options.Group)
def command() -> None:
    """Judge events before they are published; export the stream, and publish a file."""


command.add_command(events_export.export)
command.add_command(events_publish.publish)


@command.command(
    epilog=options.examples(
        "sync-worker events validate stream.jsonl",
        "sync-worker events validate --format events event.json",
        "kcat -C -J -e -b HOST -t eservices.clinic.activation | sync-worker events validate -",
    )
)
@click.argument("file", metavar="FILE|-", type=options.FILE)
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in InputKind]),
    help="What the file holds: an archive, one record a line, as `kcat -J` prints it; or bare "
    "events as JSON, one after the other. Without it, what the file's beginning looks like.",
)
@pass_invocation
def validate(run: Invocation, file: str, kind: str | None) -> None:
    """Judge the events in FILE, or on stdin where FILE is `-`, as the worker would.

    Lists those that would be ignored or set aside, each with the reason. Needs neither a database
    nor Kafka. Ends with 3 where any would be set aside, and where there is no event. An archive
    that cannot be read to its end is judged up to there, and ends with 2.
    """
    tally = _Tally(bootstrap.operations.decoder(run.settings), bootstrap.now())
    with opened(file, InputKind(kind) if kind else None) as events:
        try:
            tally.judge(events)
        finally:
            tally.report(run)
    if tally.needs_attention:
        end_with(Exit.ATTENTION)


class _Tally:
    """What became of the events so far, and the rows of those that are not fine."""

    def __init__(self, decoder: EventDecoder, now: datetime) -> None:
        self._decoder, self._now = decoder, now
        self._rows: list[dict[str, Any]] = []
        self._ahead_of_clock = 0
        self.verdicts: Counter[str] = Counter()
        self._is_whole = False

    @property
    def needs_attention(self) -> bool:
        """Whether an event would be set aside, or there was none."""
        return bool(self.verdicts[DEAD_LETTERED]) or not self.verdicts

    def judge(self, events: Iterable[Placed]) -> None:
        for place, record in events:
            verdict = self._decoder.decode(record, self._now)
            judged = _verdict_members(verdict)
            self._ahead_of_clock += getattr(verdict, "seconds_ahead", 0) > 0
            self.verdicts[judged["verdict"]] += 1
            if judged["verdict"] != VALID:
                self._rows.append({**place._asdict(), "key": _key(record), **judged})
        self._is_whole = True

    def report(self, run: Invocation) -> None:
        counts = {name: self.verdicts[name] for name in (VALID, IGNORED, DEAD_LETTERED)}
        summary = {"read": self.verdicts.total(), **counts}
        if self.verdicts or not run.output.is_table:
            run.output.items(self._rows, COLUMNS, empty=self._no_rows, extra={"summary": summary})
        tell = run.output.attention if self.needs_attention else run.output.message
        tell(self._in_short(counts))
        ahead_of_clock(run.output, self._ahead_of_clock)

    @property
    def _no_rows(self) -> str:
        return "All are valid." if self._is_whole else "What was read is valid."

    def _in_short(self, counts: Mapping[str, int]) -> str:
        if not self.verdicts:
            return "There was no event to judge."
        return (
            f"{self.verdicts.total()} read: {counts[VALID]} valid, {counts[IGNORED]} would be "
            f"ignored, {counts[DEAD_LETTERED]} would be set aside."
        )


def _verdict_members(verdict: DecodeResult) -> dict[str, Any]:
    match verdict:
        case Event():
            return {"verdict": VALID}
        case Ignored(detail):
            return {"verdict": IGNORED, "reason": None, "detail": detail}
        case Rejection(reason, detail):
            return {"verdict": DEAD_LETTERED, "reason": reason.value, "detail": detail}


def _key(record: Record) -> str | None:
    return None if record.key is None else record.key.decode("utf-8", "backslashreplace")

"""Reads what the registry is to be compared with, and compares: the parts of `reconcile`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync_worker import bootstrap
from sync_worker.authorship import Authorship
from sync_worker.cli.invocation import Invocation
from sync_worker.cli.params import Moment
from sync_worker.errors import Exit, UserError
from sync_worker.events.record import Origin
from sync_worker.events.timestamps import CLOCKS_DIFFER
from sync_worker.operations.extract import parse, refuse_doubtful, refuse_short
from sync_worker.operations.reconcile import (
    Comparison,
    Difference,
    Expectation,
    ExtractExpectation,
    RepairResult,
    StreamExpectation,
    compare,
    passed_by,
    repair,
    still_differing,
)
from sync_worker.operations.stream_fold import Fold, FoldProgress, FoldTask, WorkerProgress, folded
from sync_worker.pipeline import gc_control
from sync_worker.pipeline.stored_positions import of_stream
from sync_worker.registry import snapshot
from sync_worker.registry.database import Registry
from sync_worker.registry.snapshot import RegistrySnapshot
from sync_worker.streams.protocol import StoredPositions
from sync_worker.streams.ranges import Range, RangeReader

if TYPE_CHECKING:
    from sync_worker.config.settings import Settings


WORTH_TWO_PROCESSES = 200_000
"""So many records take longer to fold than a process takes to start."""


class Kind(StrEnum):
    """What the registry is compared with."""

    TOPICS = "topics"
    ARCHIVE = "archive"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Against:
    """What the registry is compared with; topics have no path."""

    kind: Kind
    path: Path | None = None


class _AgainstType(click.ParamType[Against]):
    name = "topics|archive:PATH|snapshot:PATH"

    def convert(
        self, value: str | Against, param: click.Parameter | None, ctx: click.Context | None
    ) -> Against:
        if isinstance(value, Against):
            return value
        if value == Kind.TOPICS:
            return Against(Kind.TOPICS)
        kind, _, path = value.partition(":")
        if kind not in {Kind.ARCHIVE, Kind.SNAPSHOT} or not path:
            self.fail(
                f"{value!r} is none of 'topics', 'archive:PATH', 'snapshot:PATH'.", param, ctx
            )
        return Against(Kind(kind), Path(path))


AGAINST, AS_OF = _AgainstType(), Moment(dates=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared; `as_of` is there with an extract."""

    against: Against
    as_of: datetime | None
    regions: tuple[str, ...]
    accept_short: bool


def compared(run: Invocation, registry: Registry, asked: Asked) -> tuple[Comparison, Expectation]:
    """Compare, and what was compared with.

    Raises:
        StreamError, StreamAway: the stream is not the one that was read, or cannot be read.
        BadExtract, ShortExtract: see there.
    """
    if asked.as_of is not None:
        _refuse_the_future(asked.as_of)
    # Before the stream is opened: its ends have to lie beyond all positions.
    with registry.snapshot() as connection:
        surveyed = snapshot.read(connection)
    if asked.as_of is not None:
        expectation = _extract_says(run.settings, surveyed, asked, asked.as_of)
    else:
        expectation = _stream_says(run, surveyed, asked.against.path)
    return compare(surveyed, expectation, asked.regions), expectation


def repaired(
    registry: Registry,
    differences: Sequence[Difference],
    expectation: Expectation,
    authorship: Authorship,
) -> RepairResult:
    """Repair, look again, and say what differs all the same."""
    result = repair(registry, differences, authorship, expectation.stream_id)
    with registry.snapshot() as connection:
        present = snapshot.some(connection, {one.hsa_id for one in result.done})
    again = still_differing(present, expectation, result.done)
    result.done = [one for one in result.done if one not in again]
    result.left += again
    return result


def _refuse_the_future(as_of: datetime) -> None:
    if as_of > bootstrap.now() + CLOCKS_DIFFER:
        raise UserError(
            Exit.USAGE,
            "--as-of lies in the future.",
            why="What an extract says would then be newer than every event until that time.",
            hint="Give the time at which the extract was taken.",
        )


def _extract_says(
    settings: "Settings", surveyed: RegistrySnapshot, asked: Asked, as_of: datetime
) -> Expectation:
    content = (asked.against.path or Path()).read_bytes()
    extract = parse(content, as_of, bootstrap.registry.regions(settings), surveyed.clinics)
    refuse_doubtful(extract, surveyed, asked.regions)
    if not asked.accept_short:
        refuse_short(extract, surveyed, asked.regions)
    return ExtractExpectation(extract)


def _stream_says(run: Invocation, surveyed: RegistrySnapshot, path: Path | None) -> Expectation:
    reader = bootstrap.streams.range_reader(run.settings, path, Range())
    try:
        stored_positions = of_stream(surveyed.positions, reader.stream_id)
        reader.check_positions(stored_positions)
        if not stored_positions.positions:
            run.output.attention(
                "The worker has no positions in this stream: all of it counts as passed."
            )
        passed = passed_by(surveyed, Origin(reader.stream_id, reader.topic_ids))
        if path is None and (reader.total_offsets or 0) >= WORTH_TWO_PROCESSES:
            fold = _folded_in_two(run, reader, stored_positions, passed)
        else:
            fold = _folded(run, reader, passed, str(path or "topics"))
    finally:
        reader.close()
    _tell_late_beginnings(run, reader)
    return StreamExpectation(reader.stream_id, fold)


def _folded(run: Invocation, reader: RangeReader, passed: WorkerProgress, label: str) -> Fold:
    fold = Fold(bootstrap.operations.decoder(run.settings), passed)
    shown = run.output.progress(label, reader.fraction_read, lambda: reader.records_read)
    with gc_control.between_batches() as collect, shown:
        for batch in reader.batches():
            fold.read(batch.records, bootstrap.now())
            del batch
            collect()
    return fold


def _folded_in_two(
    run: Invocation, reader: RangeReader, stored_positions: StoredPositions, passed: WorkerProgress
) -> Fold:
    """Fold all partitions of the topics; `reader` has settled where they are, and reads nothing."""
    settings = run.settings
    numbers = {at.partition for at in reader.begin_offsets}
    if len(numbers) == 1:
        return _folded(run, reader, passed, "topics")
    kafka, decoder_settings = (
        bootstrap.streams.kafka(settings),
        bootstrap.operations.decoder_settings(settings),
    )
    part = FoldTask(
        kafka,
        decoder_settings,
        passed,
        stored_positions,
        bootstrap.streams.max_fetched_records(settings),
    )
    gauge = FoldProgress()
    with run.output.progress("topics", gauge.fraction, gauge.read):
        return folded(part, numbers, gauge)


def _tell_late_beginnings(run: Invocation, reader: RangeReader) -> None:
    late = {at: begin for at, begin in reader.begin_offsets.items() if begin > 0}
    if late:
        places = ", ".join(f"{at.topic}/{at.partition} at {late[at]}" for at in sorted(late))
        run.output.attention(
            f"The stream is not there from its beginning: {places}. What only the records before "
            "that said is not compared, and counts as ahead."
        )

"""Streams full of what nobody should ever publish."""

import time
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from tests.endurance.closing import check_conservation, check_convergence, check_nothing_extra
from tests.endurance.crew import memory_kilobytes, started
from tests.endurance.hostile_stream import HostileStream
from tests.endurance.plan import Plan
from tests.endurance.report import Section
from tests.real.worker.stage import Stage
from tests.real.worker.staging import staged
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer
from tests.worlds.hostile import Hostile, disturbed, hostile, poison

_WAVE = 100_000
"""So many records at a time are held in memory, to be compared."""


def _run(stage: Stage, section: Section, *streams: Iterable[Hostile]) -> None:
    """Have workers read the streams while they are sent, and close."""
    stream = HostileStream(stage)
    stream.open()
    workers = started(stage, 2, BATCH_MAX_RECORDS="1000")
    began_at = time.monotonic()
    for records in streams:
        stream.send(records)
    stage.until_read(stream.produced.total(), 60 + stream.produced.total() / 200)
    section.add("records/s, sent and read", stream.produced.total() / (time.monotonic() - began_at))
    memory = max(memory_kilobytes(worker) for worker in workers)
    section.add("memory of the larger worker, MiB", memory / 1024)
    records, found = stage.records(), stage.contents()
    section.add_counts(stream.produced, found.counts)
    reasons = Counter(letter[3] for letter in found.dead_letters)
    section.add_table(("reason", "dead letters"), sorted(reasons.items()))
    check_conservation(stage, stream.produced, records, found)
    check_convergence(stream.judged_alone(found), stream.expected(records))
    check_nothing_extra(stage)
    stage.until_ready(*workers)
    for worker in workers:
        assert worker.stop() == 0, worker.output


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_poison_costs_no_sound_record(
    bare_stage: Stage, plan: Plan, section: Section, percent: int
) -> None:
    """So many in a hundred records become dead letters; of the others nothing is lost."""
    _run(bare_stage, section, islice(poison(plan.seed, percent), int(plan.scaled(3000))))
    section.is_closed = True


def test_hostile_records_meet_their_verdict_and_nothing_else(
    broker: Broker,
    postgres: PostgresServer,
    template: str,
    tmp_path: Path,
    plan: Plan,
    section: Section,
) -> None:
    """Truncated, deeply nested, wrongly encoded, of every reason for a dead letter; huge headers.

    A tenth more have random bytes in them, of which only the clinic is known that they may touch.
    """
    section.add("hostile records", plan.hostile_records)
    waves = -(-plan.hostile_records // _WAVE)
    for wave in range(waves):
        seed, count = plan.seed * 1000 + wave, plan.hostile_records // waves
        folder = tmp_path / str(wave)
        folder.mkdir()
        with staged(broker.bootstrap, postgres, template, folder) as stage:
            judged, unjudged = islice(hostile(seed), count), islice(disturbed(seed), count // 10)
            _run(stage, section, judged, unjudged)
    section.is_closed = True

"""A stream folded in two processes comes to what it comes to in one."""

import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from sync_worker.domain.facts import Fact
from sync_worker.domain.regions import Regions
from sync_worker.events.record import Partition
from sync_worker.operations import stream_fold
from sync_worker.operations.stream_fold import (
    DecoderSettings,
    FoldProcessLost,
    FoldProgress,
    FoldTask,
    StreamToFold,
    WorkerProgress,
    fold_in_two,
    halves,
)
from sync_worker.streams.kafka.range_reader import KafkaRangeReader
from sync_worker.streams.protocol import StoredPositions, StreamError
from tests.builders import ACTIVATION, activated, deactivated, record

DECODER_SETTINGS = DecoderSettings(ACTIVATION, Regions(), timedelta(hours=1))
CLINICS = [f"SE2321000016-T{number:03}" for number in range(12)]


@pytest.fixture
def part(cluster):
    """Three partitions; each clinic is in two of them, the newer event anywhere."""
    topic = cluster.topic(partitions=3)
    with cluster.producer() as producer:
        for number, hsa_id in enumerate(CLINICS):
            for place, event in (
                (number % 3, activated(hsa_id, number, regionCode="01")),
                ((number + 1 + number // 6) % 3, deactivated(hsa_id, 20)),
            ):
                sent = record(event)
                headers = list(sent.headers)
                producer.send(topic, sent.value, sent.key, headers, partition=place)
    passed = WorkerProgress({Partition(topic, 0): 4})
    open_range = partial(KafkaRangeReader, cluster.settings(topic), max_records=5)
    return FoldTask(StreamToFold(open_range, DECODER_SETTINGS), passed, StoredPositions({}))


def test_halves_have_every_partition_once():
    assert halves({0, 1, 2}) == (frozenset({0, 2}), frozenset({1}))
    assert halves({4}) == (frozenset({4}), frozenset())


def test_two_processes_fold_like_one(part):
    progress = FoldProgress()
    alone, together = (
        stream_fold._open_and_fold(part, lambda _: None),
        fold_in_two(part, {0, 1, 2}, progress),
    )
    assert together.hsa_ids() == alone.hsa_ids() == set(CLINICS)
    for hsa_id in CLINICS:
        for fact in Fact:
            assert together.passed(hsa_id, fact) == alone.passed(hsa_id, fact)
            assert together.newest(hsa_id, fact) == alone.newest(hsa_id, fact)
    assert (progress.records_read, progress.fraction_read()) == (2 * len(CLINICS), 1.0)


def test_what_the_other_process_cannot_read_is_said_here(part):
    ((topic, _),) = part.progress.positions
    beyond = StoredPositions({Partition(topic, 1): 1000})
    with pytest.raises(StreamError, match=f"{topic}/1: the log ends at offset"):
        fold_in_two(replace(part, stored_positions=beyond), {0, 1, 2}, FoldProgress())


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(*_):
    os._exit(1)


@pytest.mark.parametrize(("end", "signal_name"), [(die, "SIGKILL"), (leave, None)])
def test_a_process_that_ended_without_a_word_is_missed(part, monkeypatch, end, signal_name):
    monkeypatch.setattr(stream_fold, "_run", end)
    with pytest.raises(FoldProcessLost) as lost:
        fold_in_two(part, {0, 1, 2}, FoldProgress())
    assert lost.value.signal_name == signal_name


def test_what_the_other_process_stumbles_over_is_raised_here(part, capfd):
    decoder_settings = Stumbling(ACTIVATION, Regions(), timedelta())
    broken = replace(part, stream=replace(part.stream, decoder_settings=decoder_settings))
    with pytest.raises(KeyError, match="a fault of ours") as raised:
        fold_in_two(broken, {0, 1, 2}, FoldProgress())
    assert "in decoder" in "".join(raised.value.__notes__)
    assert capfd.readouterr().err == ""


class Stumbling(DecoderSettings):
    """Breaks in the process beside ours alone."""

    def decoder(self):
        if multiprocessing.parent_process() is not None:
            raise KeyError("a fault of ours")
        return super().decoder()

"""The ten traps of the Kafka client, each with what keeps the source out of it.

Each test fails without its cure; what is seen then stands in its docstring. The table of cures is
in docs/kafka-traps.md.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.protocol.api_key import ApiKey

from sync_worker.events.record import Partition
from sync_worker.streams.kafka.source_health import Rebuilds
from sync_worker.streams.protocol import StreamError
from tests.real.kafka_parts import Cluster, Ledger, Opened, Reader
from tests.real.kafka_proxy import KafkaProxy
from tests.services.broker import Broker
from tests.services.waiting import until

BY_ID, BY_NAME = 17, 12
"""The newest fetch that a broker offers, where it knows topics by their ids, and where not."""


def _membership(reader: Reader) -> tuple[object, ...]:
    metadata = reader.client.group_metadata()
    return metadata.generation_id, metadata.member_id


def test_trap_1_no_hang_when_partitions_are_added_under_work(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without: `poll` returns nothing for ever, and raises nothing."""
    topic = cluster.topic(partitions=2)
    settings = cluster.settings(topic, session_timeout_ms=30_000, metadata_max_age_ms=300)
    ledger = Ledger()
    reader = Reader(opened(settings), ledger, work_seconds=5.0)
    reader.read_until(lambda: reader.source.health.is_member, "a place in the group")
    # It pauses, and hears of a rejoin with a heartbeat: the rejoin lasts for up to four seconds.
    slow = Reader(opened(settings), ledger, pause_seconds=0.6).start()
    reader.read_until(lambda: reader.source.health.partitions == 1, "a share")
    client = reader.client
    poll, partitions = client.poll, client._cluster.partitions_for_topic

    def poll_and_have_one_added(**options: Any) -> Any:
        """So that the next poll begins a rejoin, with part of a batch in hand."""
        found = poll(**options)
        if found and len(partitions(topic)) == 2:
            cluster.add_partitions(topic, 3)
            until(lambda: len(partitions(topic)) == 3, "the client to know of it")
        return found

    monkeypatch.setattr(client, "poll", poll_and_have_one_added)
    for partition in range(2):
        cluster.send(topic, range(5000), partition)
    reader.read_until(lambda: len(ledger.records) == 10_000, "the old ones", 60)
    cluster.send(topic, ["new"], partition=2)
    reader.read_until(lambda: "new" in ledger.values(), "the new one")
    slow.stop()
    assert len(partitions(topic)) == 3
    assert reader.source.health.rebuilds.count == 0


def test_trap_1_a_rejoin_ending_between_two_polls_is_noticed(
    cluster: Cluster, opened: Opened
) -> None:
    """Without: the client forgets that it rejoins, and what it was given is never its own."""
    topic = cluster.topic()
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_until(lambda: reader.source.health.is_member, "a place in the group")
    _end_a_rejoin_between_polls(cluster, topic, reader.client)
    cluster.send(topic, ["new"], partition=1)
    reader.read_until(lambda: "new" in reader.ledger.values(), "the new one", 10)
    assert reader.source.health.rebuilds.count == 0


def test_trap_1_a_member_that_still_hangs_is_rebuilt(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without: it keeps its old partitions, and nothing comes of them any more."""
    topic = cluster.topic()
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    cluster.send(topic, ["before"])
    reader.read_values(1)
    monkeypatch.setattr(reader.client._coordinator, "request_rejoin", lambda: None)
    _end_a_rejoin_between_polls(cluster, topic, reader.client)
    cluster.send(topic, ["after"], partition=1)
    reader.read_until(lambda: "after" in reader.ledger.values(), "life after the hang")
    assert reader.source.health.rebuilds.count == 1
    assert sorted(reader.ledger.values()) == ["after", "before"]


def _end_a_rejoin_between_polls(cluster: Cluster, topic: str, client: Any) -> None:
    """Have a partition added, begin the rejoin for it with a poll, and let it end with none."""
    generation = client.group_metadata().generation_id
    cluster.add_partitions(topic, 2)
    until(lambda: len(client._cluster.partitions_for_topic(topic)) == 2, "the client to know of it")
    client.poll(timeout_ms=0)
    task = client._coordinator._join_task
    until(lambda: task.is_done, "the rejoin to end")
    assert client.group_metadata().generation_id == generation + 1
    assert client.group_metadata().state != "<stable>"


def test_trap_2_idling_keeps_membership_and_loses_no_buffered_record(
    cluster: Cluster, opened: Opened
) -> None:
    """Without polls: thrown out of the group. With some partitions paused only: they stall."""
    topic = cluster.topic(partitions=3)
    for partition in range(3):
        cluster.send(topic, range(500), partition)
    settings = cluster.settings(topic, max_fetched_records=100, max_poll_interval_ms=6000)
    reader = Reader(opened(settings), Ledger())
    reader.read_until(lambda: len(reader.ledger.records) >= 200, "the first batches")
    before = _membership(reader)
    read = len(reader.ledger.records)
    for _ in range(9):
        reader.source.idle(1.0)
    assert (len(reader.ledger.records), len(reader.source._buffer)) == (read, 0)
    assert _membership(reader) == before
    assert len(reader.read_values(1500)) == 1500
    assert reader.ledger.refused == 0


def test_trap_2_a_rebalance_while_idling_hands_out_nothing(
    cluster: Cluster, opened: Opened
) -> None:
    """Without: what the rebalance brings comes unpaused, and is read while nothing can be kept."""
    topic = cluster.topic(partitions=4)
    for partition in range(4):
        cluster.send(topic, range(50), partition)
    settings = cluster.settings(topic)
    ledger = Ledger()
    other = Reader(opened(settings), Ledger()).start()
    idling = Reader(opened(settings), ledger)
    idling.read_until(lambda: len(idling.source._member.assignment) == 2, "a share")
    until(lambda: idling.step() is None, "the end of the share")
    read = len(ledger.records)

    def idled() -> bool:
        idling.source.idle(0.5)
        return len(idling.source._member.assignment) == 4

    other.stop()
    other.source.close()
    until(idled, "all partitions, while idling")
    idling.source.idle(1.0)
    assert len(idling.source._buffer) == 0
    assert len(ledger.records) == read
    assert len(idling.read_values(200)) == 200


def test_trap_3_retention_overtaking_us_is_reported(cluster: Cluster, opened: Opened) -> None:
    """Without: reading jumps from 4 to 15, without a word."""
    topic = cluster.topic()
    wide = "x" * 400_000  # one or two of them in a fetch: the client does not hold the rest yet
    cluster.send(topic, [f"{number}{wide}" for number in range(20)])
    reader = Reader(opened(cluster.settings(topic, max_fetched_records=1)), Ledger())
    reader.read_until(lambda: reader.ledger.records, "the first record")
    reader.source.idle(0.5)
    cluster.delete_records(topic, before=15)
    with pytest.raises(StreamError, match="the log begins at offset 15, after our position"):
        reader.read_until(lambda: False, "the loss to be noticed")
    offsets = [record.offset for record in reader.ledger.records]
    assert offsets == list(range(len(offsets)))
    assert offsets[-1] < 15


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[KafkaProxy]:
    with KafkaProxy(cluster.bootstrap) as proxy:
        yield proxy


@pytest.mark.parametrize("newest_fetch", [BY_ID, BY_NAME])
@pytest.mark.parametrize("length", [3, 30])
def test_trap_4_a_recreated_topic_is_never_continued(
    cluster: Cluster, proxy: KafkaProxy, opened: Opened, length: int, newest_fetch: int
) -> None:
    """Without: a longer one is read on at our position; its first records are passed over."""
    proxy.offered = {ApiKey.Fetch: newest_fetch}
    topic = cluster.topic()
    cluster.send(topic, range(8))
    settings = cluster.settings(
        topic,
        bootstrap_servers=proxy.bootstrap,
        topic_check_interval_seconds=60.0,
        metadata_max_age_ms=60_000,
    )
    reader = Reader(opened(settings), Ledger())
    reader.read_values(8)
    cluster.delete_topic(topic)
    cluster.topic(name=topic)
    cluster.send(topic, ["new"] * length)
    with pytest.raises(StreamError, match=r"was re-created|the log ends at offset 3"):
        reader.read_until(lambda: False, "the new topic to be noticed")
    assert "new" not in reader.ledger.values()


@pytest.mark.parametrize(("newest_fetch", "is_asked"), [(BY_ID, False), (BY_NAME, True)])
def test_trap_4_only_batches_fetched_by_name_are_checked(
    cluster: Cluster, proxy: KafkaProxy, opened: Opened, newest_fetch: int, is_asked: bool
) -> None:
    proxy.offered = {ApiKey.Fetch: newest_fetch}
    topic = cluster.topic()
    cluster.send(topic, range(3))
    settings = cluster.settings(
        topic, bootstrap_servers=proxy.bootstrap, topic_check_interval_seconds=600.0
    )
    reader = Reader(opened(settings), Ledger())
    reader.read_values(3)
    asked_at = reader.source._watch.latest.asked_at
    cluster.send(topic, ["next"])
    reader.read_values(4)
    assert (reader.source._watch.latest.asked_at > asked_at) is is_asked


def test_trap_5_group_offsets_do_not_matter_without_the_registry(
    cluster: Cluster, opened: Opened
) -> None:
    """Without: the client goes on from the group's offsets, and what lies before is lost."""
    topic = cluster.topic(partitions=2)
    settings = cluster.settings(topic)
    for partition in range(2):
        cluster.send(topic, range(10), partition)
    ahead = {Partition(topic, 0): 7, Partition(topic, 1): 7}
    cluster.commit_for(settings.group_id, ahead)
    source = opened(settings)
    ends_at = time.monotonic() + 3
    while time.monotonic() < ends_at:
        assert source.poll(0.2) is None
    assert source.needs_positions()
    assert len(source._member.assignment) == 2
    reader = Reader(source, Ledger({Partition(topic, 0): 4}))
    assert sorted(map(int, reader.read_values(16))) == sorted([*range(4, 10), *range(10)])


def test_trap_5_a_failing_listener_leaves_our_positions_alone(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without: `poll` raises once, and then goes on from the group's offsets."""
    topic = cluster.topic()
    settings = cluster.settings(topic)
    cluster.send(topic, range(10))
    cluster.commit_for(settings.group_id, {Partition(topic, 0): 7})
    seek: Any = KafkaConsumer.seek
    failures: list[int] = []

    def failing_once(consumer: Any, *arguments: Any) -> None:
        if not failures:
            failures.append(1)
            raise RuntimeError("in the listener")
        seek(consumer, *arguments)

    monkeypatch.setattr(KafkaConsumer, "seek", failing_once)
    reader = Reader(opened(settings), Ledger({Partition(topic, 0): 4}))
    assert reader.read_values(6) == [str(number) for number in range(4, 10)]
    assert reader.source.health.rebuilds.count == len(failures) == 1


def test_trap_6_a_slow_registry_stops_no_heartbeat(cluster: Cluster, opened: Opened) -> None:
    """Without: a read on the client's thread holds up the heartbeats; the group throws us out."""
    topic = cluster.topic()
    cluster.send(topic, range(5))
    settings = cluster.settings(topic)
    reader = Reader(opened(settings), Ledger())
    until(lambda: reader.source.poll(0.2) or reader.source._member.unpositioned, "an assignment")
    before = _membership(reader)
    stored_positions = reader.ledger.stored_positions()
    time.sleep(settings.session_timeout_ms / 1000 + 2)  # is the slow registry
    reader.source.seek(stored_positions)
    assert len(reader.read_values(5)) == 5
    assert _membership(reader) == before


def test_trap_7_a_client_error_costs_only_a_rebuild(
    cluster: Cluster, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without: the error ends the loop, or every poll after it spins and finds nothing."""
    topic = cluster.topic()
    cluster.send(topic, range(10))
    reader = Reader(opened(cluster.settings(topic, max_fetched_records=4)), Ledger())
    reader.read_until(lambda: reader.ledger.records, "the first records")
    client = reader.client

    def failing(**_options: object) -> None:
        raise ValueError("cannot be taken apart")

    monkeypatch.setattr(client, "poll", failing)
    assert reader.read_values(10) == [str(number) for number in range(10)]
    cause = "an error in the client: ValueError: cannot be taken apart"
    assert reader.source.health.rebuilds == Rebuilds(1, cause)


class _NoText(str):
    """A header's name that is not UTF-8 on the wire."""

    __slots__ = ()

    def encode(self, *_arguments: str) -> bytes:
        return b"\xff\xfe"


def test_trap_7_a_batch_that_cannot_be_unpacked_is_named(cluster: Cluster, opened: Opened) -> None:
    """Without: the process spins at full load, and never says why."""
    topic = cluster.topic(partitions=2)
    cluster.send(topic, range(3), partition=1)
    with cluster.producer() as producer:
        producer.send(topic, value=b"bad", headers=[(_NoText("bad"), b"")], partition=1)
    cluster.send(topic, ["elsewhere"], partition=0)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    with pytest.raises(StreamError) as refused:
        reader.read_until(lambda: False, "the bad record to be named")
    assert (
        f"{topic}/1: the batch of records at offset 3 cannot be unpacked" in refused.value.message
    )
    assert [r.offset for r in reader.ledger.records if r.partition == 1] == [0, 1, 2]


def test_trap_7_it_is_named_where_its_log_begins(cluster: Cluster, opened: Opened) -> None:
    """Without: it is said to be at offset 0, which the log does not have any more."""
    topic = cluster.topic()
    cluster.send(topic, range(3))
    with cluster.producer() as producer:
        producer.send(topic, value=b"bad", headers=[(_NoText("bad"), b"")])
    cluster.delete_records(topic, before=3)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    with pytest.raises(StreamError, match="the batch of records at offset 3 cannot be unpacked"):
        reader.read_until(lambda: False, "the bad record to be named")


def test_trap_8_a_log_ending_in_markers_has_an_end(cluster: Cluster, opened: Opened) -> None:
    """Without: last offset + 1 never reaches the end, and `--until-idle` never ends."""
    topic = cluster.topic()
    with cluster.transaction() as producer:
        producer.send(topic, value=b"one")
    with cluster.transaction() as producer:
        producer.send(topic, value=b"two")
    source = opened(cluster.settings(topic))
    assert source.ends_at_start() == {Partition(topic, 0): 4}
    reader = Reader(source, Ledger())
    reader.read_until(source.at_end, "the end")
    assert [record.offset for record in reader.ledger.records] == [0, 2]
    assert reader.ledger.positions == {Partition(topic, 0): 4}


def test_trap_8_an_open_transaction_is_beyond_the_end(cluster: Cluster, opened: Opened) -> None:
    """Without: an end taken uncommitted is never reached."""
    topic = cluster.topic()
    cluster.send(topic, ["done"])
    with cluster.transaction() as producer:
        producer.send(topic, value=b"open").get(10)
        source = opened(cluster.settings(topic))
        assert source.ends_at_start() == {Partition(topic, 0): 1}
        reader = Reader(source, Ledger())
        reader.read_until(source.at_end, "the end")
        assert reader.ledger.values() == ["done"]
    assert reader.read_values(2) == ["done", "open"]


def test_trap_9_a_fenced_member_ends(cluster: Cluster, opened: Opened) -> None:
    """Without: both read on and poll without an error."""
    topic = cluster.topic()
    settings = cluster.settings(topic, group_instance_id="the-same")
    ledger = Ledger()
    first = Reader(opened(settings), ledger)
    cluster.send(topic, ["one"])
    first.read_values(1)
    second = Reader(opened(settings), ledger).start()
    until(lambda: second.source.health.is_member, "the second to join")
    with pytest.raises(StreamError, match="Another process took over the place the-same"):
        first.read_until(lambda: cluster.send(topic, ["more"]), "the first to be told")
    second.stop()


def test_trap_10_no_poll_lasts_longer_than_half_a_second(
    cluster: Cluster, opened: Opened, breakable_broker: Broker
) -> None:
    """Without: nothing wakes a poll up, and a stop waits for the end of the longest one."""
    topic = cluster.topic()
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_until(lambda: reader.source.health.is_member, "a place in the group")
    member = reader.source._member
    for fault in (None, breakable_broker.freeze, breakable_broker.kill):
        if fault is not None:
            fault()
        began = time.monotonic()
        member.poll(30.0, 100)
        assert time.monotonic() - began < 1.5

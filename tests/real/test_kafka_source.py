"""The Kafka source on a real broker: where it starts, what it hands out, how it shares."""

import time
from typing import Any

from sync_worker.events.record import Partition
from sync_worker.streams.protocol import MAX_FETCHED_BYTES, FetchedBatch
from tests.real.kafka_parts import Cluster, Ledger, Opened, Reader
from tests.services.waiting import until


def test_it_reads_what_there_is_and_then_what_comes(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(5))
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    assert reader.read_values(5) == ["0", "1", "2", "3", "4"]
    cluster.send(topic, ["new"])
    assert reader.read_values(6)[5:] == ["new"]


def test_a_record_keeps_its_bytes_and_its_address(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    with cluster.producer() as producer:
        producer.send(
            topic,
            key=b"\xff",
            value=b"\x00\xfe",
            headers=[("a", b"\xfd"), ("a", b"")],
            timestamp_ms=1234,
        )
        producer.send(topic, key=b"gone", value=None)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_until(lambda: len(reader.ledger.records) == 2, "both")
    record, tombstone = reader.ledger.records
    assert record[:4] == (topic, 0, 0, 1234)
    assert record[4:7] == (b"\xff", b"\x00\xfe", (("a", b"\xfd"), ("a", b"")))
    assert (tombstone.offset, tombstone.key, tombstone.value) == (1, b"gone", None)


def test_it_reads_every_compression(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    values = []
    for kind in ("gzip", "snappy", "lz4", "zstd"):
        values += [f"{kind} {number} " * 100 for number in range(10)]
        with cluster.producer(compression_type=kind, linger_ms=50) as producer:
            for value in values[-10:]:
                producer.send(topic, value=value.encode())
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    assert reader.read_values(len(values)) == values


def test_it_starts_at_the_registrys_positions(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic(partitions=2)
    cluster.send(topic, ["a0", "a1", "a2"], partition=0)
    cluster.send(topic, ["b0", "b1"], partition=1)
    ledger = Ledger(positions={Partition(topic, 0): 2})
    reader = Reader(opened(cluster.settings(topic)), ledger)
    assert sorted(reader.read_values(3)) == ["a2", "b0", "b1"]
    assert ledger.positions == {Partition(topic, 0): 3, Partition(topic, 1): 2}


def test_it_tells_how_much_of_what_there_was_is_applied(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(4))
    source = opened(cluster.settings(topic))
    reader = Reader(source, Ledger(positions={Partition(topic, 0): 1}))
    assert (source.fraction_applied(), source.records_read) == (0.0, 0)
    reader.read_values(3)
    assert (source.fraction_applied(), source.records_read) == (1.0, 3)


def test_a_batch_that_was_not_kept_is_handed_out_again(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(4))
    source = opened(cluster.settings(topic))
    reader = Reader(source, Ledger())
    refusing = Ledger(positions={Partition(topic, 0): 99})
    batches: list[Any] = []

    def got_one() -> object:
        if source.needs_positions():
            source.seek(reader.ledger.stored_positions())
        batches.extend(filter(None, [source.poll(0.2)]))
        return batches

    until(got_one, "a batch")
    assert not refusing.keep(batches[0])
    source.seek(reader.ledger.stored_positions())
    assert reader.read_values(4) == ["0", "1", "2", "3"]


def test_a_restored_older_registry_re_reads_what_it_lacks(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(6))
    settings = cluster.settings(topic)
    first = Reader(opened(settings), Ledger())
    first.read_values(6)
    first.source.close()
    assert cluster.group_offsets(settings.group_id) == {Partition(topic, 0): 6}
    restored = Ledger({Partition(topic, 0): 2}, dict(first.ledger.topic_ids))
    assert Reader(opened(settings), restored).read_values(4) == ["2", "3", "4", "5"]


def test_the_group_learns_what_was_committed(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic(partitions=2)
    cluster.send(topic, range(3), partition=1)
    settings = cluster.settings(topic)
    reader = Reader(opened(settings), Ledger())
    reader.read_values(3)
    reader.read_until(
        lambda: cluster.group_offsets(settings.group_id) == {Partition(topic, 1): 3},
        "the group's offsets",
    )


def test_batches_grow_to_the_limit_while_catching_up(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(9000))
    source = opened(cluster.settings(topic, max_fetched_records=3000))
    ledger = Ledger()
    reader = Reader(source, ledger)
    sizes: list[int] = []

    def read_on() -> bool:
        batch = reader.step()
        if batch is not None:
            sizes.append(len(batch.records))
        return sum(sizes) == 9000

    until(read_on, "9000 records", pause_seconds=0)
    assert max(sizes) <= 3000
    assert len(sizes) <= 6
    assert ledger.values() == [str(number) for number in range(9000)]


def test_large_records_make_small_batches(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, ["x" * 900_000] * 40)
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    sizes: list[int] = []

    def read_on() -> bool:
        batch = reader.step()
        sizes.append(0 if batch is None else len(batch.records))
        return sum(sizes) == 40

    until(read_on, "40 records", pause_seconds=0)
    assert max(sizes) * 900_000 < 1.5 * MAX_FETCHED_BYTES


def test_many_small_transactions_are_handed_out_as_they_come(
    cluster: Cluster, opened: Opened
) -> None:
    """Their markers lie beyond every record, so that there always seems to be more."""
    topic = cluster.topic()
    cluster.send(topic, ["before"])
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(1)
    client = reader.client
    poll, sent = client.poll, 0

    def poll_and_have_one_more(**options: Any) -> Any:
        nonlocal sent
        found = poll(**options)
        if sent < 60:
            sent += 1
            with cluster.transaction() as producer:
                producer.send(topic, b"one")
        return found

    client.poll = poll_and_have_one_more
    batch = reader.step(0.2) or reader.step(0.2)
    assert batch is not None
    assert len(batch.records) < 60
    assert not batch.has_more


def test_added_partitions_are_read_from_their_beginning(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, ["old"])
    reader = Reader(opened(cluster.settings(topic)), Ledger())
    reader.read_values(1)
    cluster.add_partitions(topic, 4)
    for partition in (1, 2, 3):
        cluster.send(topic, [f"in {partition}"], partition)
    assert sorted(reader.read_values(4)) == ["in 1", "in 2", "in 3", "old"]


def test_members_share_and_nothing_is_lost_or_doubled(cluster: Cluster, opened: Opened) -> None:
    """With the group's offsets ahead on purpose: they must not matter."""
    topics = cluster.topic(partitions=3), cluster.topic(partitions=3)
    settings = cluster.settings(*topics, max_fetched_records=50)
    partitions = [Partition(topic, number) for topic in topics for number in range(3)]
    for topic, number in partitions:
        cluster.send(topic, range(300), number)
    cluster.commit_for(settings.group_id, dict.fromkeys(partitions, 300))
    ledger = Ledger()
    readers = [Reader(opened(settings), ledger, work_seconds=0.02).start() for _ in range(2)]
    until(lambda: len(ledger.records) > 200, "the first records")
    readers.append(Reader(opened(settings), ledger, work_seconds=0.02).start())
    until(lambda: len(ledger.records) > 600, "more records")
    readers[0].stop()
    readers[0].source.close()
    until(lambda: len(ledger.records) >= 1800, "all records", 60)
    for reader in readers[1:]:
        reader.stop()
    read = sorted((record.topic, record.partition, record.offset) for record in ledger.records)
    assert read == sorted((*partition, offset) for partition in partitions for offset in range(300))
    assert [reader.failure for reader in readers] == [None] * 3


def test_equal_partition_numbers_of_both_topics_stay_together(
    cluster: Cluster, opened: Opened
) -> None:
    topics = cluster.topic(partitions=4), cluster.topic(partitions=4)
    settings = cluster.settings(*topics)
    readers = [Reader(opened(settings), Ledger()).start() for _ in range(2)]
    owned = [reader.source._member for reader in readers]
    until(lambda: all(len(member.assignment) == 4 for member in owned), "an even share")
    for member in owned:
        numbers = [{tp.partition for tp in member.assignment if tp.topic == t} for t in topics]
        assert numbers[0] == numbers[1]
    for reader in readers:
        reader.stop()


def test_it_reports_reaching_the_end_seen_at_the_start(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic(partitions=2)
    cluster.send(topic, range(3))
    source = opened(cluster.settings(topic))
    assert source.ends_at_start() == {Partition(topic, 0): 3, Partition(topic, 1): 0}
    assert not source.at_end()
    reader = Reader(source, Ledger())
    reader.read_until(source.at_end, "the end")
    assert reader.ledger.values() == ["0", "1", "2"]


def test_without_a_position_a_truncated_log_is_read_whole(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(6))
    cluster.delete_records(topic, before=4)
    source = opened(cluster.settings(topic))
    reader = Reader(source, Ledger())
    assert reader.read_values(2) == ["4", "5"]
    assert source.at_end()


def test_an_emptied_log_has_an_end_too(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(6))
    cluster.delete_records(topic, before=6)
    source = opened(cluster.settings(topic))
    reader = Reader(source, Ledger())
    reader.read_until(source.at_end, "the end")
    assert reader.ledger.positions == {Partition(topic, 0): 6}


def test_what_is_fetched_and_not_committed_is_behind(cluster: Cluster, opened: Opened) -> None:
    topic = cluster.topic()
    written_at = int(time.time()) - 3600
    with cluster.producer() as producer:
        for second in range(5):
            value = str(second).encode()
            producer.send(topic, value=value, timestamp_ms=(written_at + second) * 1000)
    reader = Reader(opened(cluster.settings(topic)), Ledger())

    def fetched() -> FetchedBatch | None:
        if reader.source.needs_positions():
            reader.source.seek(reader.ledger.stored_positions())
        return reader.source.poll(0.2)

    batch = until(fetched, "the records")
    assert batch is not None
    (behind,) = reader.source.health.backlog
    assert (behind.position, behind.end, behind.lag) == (0, 5, 5)
    assert behind.lag_seconds is not None
    assert time.time() - written_at - 60 < behind.lag_seconds <= time.time() - written_at
    reader.keep(batch)
    (applied,) = reader.source.health.backlog
    assert (applied.position, applied.lag, applied.lag_seconds) == (5, 0, 0.0)

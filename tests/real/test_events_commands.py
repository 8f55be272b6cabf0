"""`events export` and `events publish` on a real broker: each other's inverse, byte for byte."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka.admin import ACLOperation, ACLPermissionType

from sync_worker.events.record import Record
from sync_worker.operations.publish import Publication, PublishTarget
from sync_worker.streams.archive.writer import line_of
from sync_worker.streams.kafka.publisher import Publisher
from sync_worker.streams.kafka.settings import KafkaSettings
from sync_worker.streams.protocol import StreamUnavailable
from tests.builders import EPOCH_MS, write_archive
from tests.harness.command import CommandLine, Done
from tests.real.kafka_parts import Cluster
from tests.services.broker import Broker

Typed = Callable[..., Done]


@pytest.fixture
def sync_worker(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Calls a command in a folder of its own, with Kafka as the only setting."""
    for name in [name for name in os.environ if name.startswith("SYNC_WORKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap)
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys)


def odd_records(topic: str) -> list[Record]:
    """Everything that a record can hold, in three partitions."""
    headers = (("a", None), ("a", b""), ("a", b"x"), ("å", "ö".encode()), ("", b""))
    contents: list[tuple[bytes | None, bytes | None, int | None, Any]] = [
        (b"key", b"{}", EPOCH_MS, ()),
        (None, None, EPOCH_MS + 1, ()),
        (b"", b"", EPOCH_MS - 1, headers),
        (b"\xff\xfe", b"\x00\xff", None, (("raw", b"\xff"), ("none", None))),
        (b"gone", None, 0, headers),
        (None, 'åäö\u2028\x00"\\'.encode(), None, (("content-type", b"application/json"),)),
    ]
    return [
        Record(topic, partition, offset, ts, key, value, heads)
        for partition in (0, 2)
        for offset, (key, value, ts, heads) in enumerate(contents[partition:])
    ]


def test_what_is_published_and_exported_is_the_same_file(
    cluster: Cluster, sync_worker: Typed
) -> None:
    topic = cluster.topic(partitions=3)
    records = odd_records(topic)
    write_archive(Path("in.jsonl"), records)
    code, out, err = sync_worker("events", "publish", "in.jsonl", "-o", "json")
    assert code == 0, err
    shown = json.loads(out)
    assert (shown["records"], shown["published"]) == (10, 10)
    assert [(p["partition"], p["published"]) for p in shown["partitions"]] == [(0, 6), (2, 4)]
    code, out, err = sync_worker(
        "events", "export", "--out", "out.jsonl", "--topic", topic, "-o", "json"
    )
    assert code == 0, err
    assert json.loads(out)["exported"] == 10
    assert Path("out.jsonl").read_bytes() == Path("in.jsonl").read_bytes()
    assert Path("out.jsonl").read_bytes() == b"".join(map(line_of, records))


def test_the_same_range_gives_the_same_file_packed_too(
    cluster: Cluster, sync_worker: Typed
) -> None:
    topic = cluster.topic(partitions=3)
    for partition in range(3):
        cluster.send(topic, range(300), partition)
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        assert sync_worker("events", "export", "--out", name, "--topic", topic)[0] == 0
    assert Path("one.jsonl.gz").read_bytes() == Path("two.jsonl.gz").read_bytes()
    code, out, _err = sync_worker(
        "events", "export", "--out", "-", "--topic", topic, "--partition", "1"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(line["partition"], line["payload"]) for line in lines] == [
        (1, str(number)) for number in range(300)
    ]


def test_gaps_close_and_everything_else_stays(cluster: Cluster, sync_worker: Typed) -> None:
    one, other = cluster.topic(), cluster.topic()
    with cluster.transaction() as producer:
        producer.send(one, b"a", timestamp_ms=EPOCH_MS)
    cluster.until_end(one, 2)
    with cluster.transaction() as producer:
        producer.send(one, b"b", timestamp_ms=EPOCH_MS)
    cluster.until_end(one, 4)
    assert sync_worker("events", "export", "--out", "a.jsonl", "--topic", one)[0] == 0
    lines = Path("a.jsonl").read_text()
    assert [json.loads(line)["offset"] for line in lines.splitlines()] == [0, 2]
    Path("b.jsonl").write_text(lines.replace(one, other))
    assert sync_worker("events", "publish", "b.jsonl")[0] == 0
    assert sync_worker("events", "export", "--out", "c.jsonl", "--topic", other)[0] == 0
    assert Path("c.jsonl").read_text() == lines.replace(one, other).replace(
        '"offset": 2', '"offset": 1'
    )


def test_an_export_is_a_range(cluster: Cluster, sync_worker: Typed) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(10))
    arguments = ("--topic", topic, "--partition", "0", "--from", "offset:3", "--until", "offset:5")
    code, out, _err = sync_worker("events", "export", "--out", "a.jsonl", *arguments, "-o", "json")
    assert code == 0
    (row,) = json.loads(out)["partitions"]
    assert row == {"topic": topic, "partition": 0, "from": 3, "until": 5, "records": 2}


def test_a_file_that_is_there_is_replaced_with_yes_alone(
    cluster: Cluster, sync_worker: Typed
) -> None:
    topic = cluster.topic()
    cluster.send(topic, range(2))
    Path("a.jsonl").write_text("dear")
    code, _out, err = sync_worker("events", "export", "--out", "a.jsonl", "--topic", topic)
    assert (code, Path("a.jsonl").read_text()) == (2, "dear")
    assert "--yes" in err
    assert sync_worker("events", "export", "--out", "a.jsonl", "--topic", topic, "-y")[0] == 0
    assert len(Path("a.jsonl").read_text().splitlines()) == 2


def test_a_topic_that_is_not_there_leaves_no_file(cluster: Cluster, sync_worker: Typed) -> None:
    code, _out, err = sync_worker("events", "export", "--out", "a.jsonl", "--topic", "nowhere")
    assert code == 2
    assert "topics create" in err
    write_archive(Path("b.jsonl"), [Record("nowhere", 0, 0, EPOCH_MS, b"k", b"v")])
    code, _out, err = sync_worker("events", "publish", "b.jsonl")
    assert code == 2
    assert "topics create" in err
    assert [path.name for path in Path().iterdir()] == ["b.jsonl"]


@pytest.mark.parametrize("damage", ["a partition too many", "a bad line"])
def test_nothing_is_published_of_what_cannot_be_published_whole(
    cluster: Cluster, sync_worker: Typed, damage: str
) -> None:
    topic = cluster.topic(partitions=2)
    lines = [line_of(Record(topic, 1, n, EPOCH_MS, b"k", b"v")) for n in range(5)]
    bad = line_of(Record(topic, 2, 0, EPOCH_MS, b"k", b"v")) if "too many" in damage else b"{\n"
    Path("a.jsonl").write_bytes(b"".join([*lines, bad]))
    code, _out, err = sync_worker("events", "publish", "a.jsonl")
    assert code == 2
    assert ("partition 2" in err) if "too many" in damage else ("a.jsonl, line 6" in err)
    code, out, _err = sync_worker("events", "export", "--out", "-", "--topic", topic)
    assert (code, out) == (0, "")


def test_a_dry_run_publishes_nothing(cluster: Cluster, sync_worker: Typed) -> None:
    topic = cluster.topic()
    write_archive(Path("a.jsonl"), [Record(topic, 0, 0, EPOCH_MS, b"k", b"v")])
    code, out, _err = sync_worker("events", "publish", "a.jsonl", "--dry-run", "-o", "json")
    assert (code, json.loads(out)["published"], json.loads(out)["records"]) == (0, 0, 1)
    assert sync_worker("events", "export", "--out", "-", "--topic", topic)[1] == ""


@pytest.mark.parametrize(
    ("options", "record", "told"),
    [
        ({"message_timestamp_after_max_ms": "3600000"}, {"timestamp_ms": 2**42}, "in the future"),
        ({"message_timestamp_before_max_ms": "3600000"}, {}, "too old"),
        ({"max_message_bytes": "5000"}, {"value": b"v" * 4930}, "max.message.bytes is 5000"),
        ({"cleanup_policy": "compact"}, {"key": None}, "has no key"),
    ],
)
def test_what_the_broker_would_refuse_is_refused_in_advance(
    cluster: Cluster, sync_worker: Typed, options: dict[str, str], record: dict[str, Any], told: str
) -> None:
    topic = cluster.topic()
    fine = Record(topic, 0, 0, EPOCH_MS, b"k", b"v" * 4929)
    if "too old" in told:
        fine = fine._replace(timestamp_ms=int(time.time() * 1000))
    cluster.alter(topic, **options)
    write_archive(
        Path("a.jsonl"), [fine, fine._replace(offset=1, **{"timestamp_ms": EPOCH_MS} | record)]
    )
    code, _out, err = sync_worker("events", "publish", "a.jsonl")
    assert code == 2
    assert f"{topic}: offset 1 of partition 0 " in err
    assert told in err
    assert sync_worker("events", "export", "--out", "-", "--topic", topic)[1] == ""
    write_archive(Path("a.jsonl"), [fine])
    assert sync_worker("events", "publish", "a.jsonl")[0] == 0


def test_a_topic_that_overwrites_timestamps_is_refused_unless_forced(
    cluster: Cluster, sync_worker: Typed
) -> None:
    topic = cluster.topic()
    cluster.alter(topic, message_timestamp_type="LogAppendTime")
    write_archive(Path("a.jsonl"), [Record(topic, 0, 0, EPOCH_MS, b"k", None)])
    for more in ((), ("--dry-run",), ("--yes",)):
        code, _out, err = sync_worker("events", "publish", "a.jsonl", *more)
        assert (code, "LogAppendTime" in err) == (4, True)
    assert sync_worker("events", "export", "--out", "-", "--topic", topic)[1] == ""
    assert sync_worker("events", "publish", "a.jsonl", "--accept-changed-timestamps")[0] == 0
    exported = json.loads(sync_worker("events", "export", "--out", "-", "--topic", topic)[1])
    assert exported["tstype"] == "logappend"
    assert exported["ts"] > EPOCH_MS


def test_no_timestamp_of_a_broker_becomes_a_producers(cluster: Cluster, sync_worker: Typed) -> None:
    topic = cluster.topic()
    stamped = Record(topic, 0, 3, EPOCH_MS, b"k", None, (), is_log_append_time=True)
    write_archive(Path("a.jsonl"), [stamped])
    code, _out, err = sync_worker("events", "publish", "a.jsonl")
    assert (code, "the tombstone offset 3 of partition 0" in err) == (4, True)
    write_archive(Path("a.jsonl"), [stamped._replace(value=b"{}")])
    assert sync_worker("events", "publish", "a.jsonl")[0] == 0


def test_a_topic_with_hidden_options_is_refused_unless_forced(
    guarded_cluster: Cluster, sync_worker: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, everybody = guarded_cluster.topic(), "User:*"
    guarded_cluster.permit(everybody, topic, ACLOperation.ALL)
    guarded_cluster.permit(everybody, topic, ACLOperation.DESCRIBE_CONFIGS, ACLPermissionType.DENY)
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", guarded_cluster.bootstrap)
    write_archive(Path("a.jsonl"), [Record(topic, 0, 0, EPOCH_MS, b"k", b"v")])
    code, _out, err = sync_worker("events", "publish", "a.jsonl")
    assert (code, "DESCRIBE_CONFIGS" in err) == (4, True)


def test_another_machines_cluster_needs_yes(
    cluster: Cluster, sync_worker: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second server in the list is enough; the first is the one that answers."""
    topic = cluster.topic()
    write_archive(Path("a.jsonl"), [Record(topic, 0, 0, EPOCH_MS, b"k", b"v")])
    servers = f"{cluster.bootstrap},kafka.example.invalid:9092"
    monkeypatch.setenv("SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS", servers)
    code, _out, err = sync_worker("events", "publish", "a.jsonl")
    assert code == 2
    assert "not a development cluster" in err
    assert sync_worker("events", "export", "--out", "-", "--topic", topic)[1] == ""
    assert sync_worker("events", "publish", "a.jsonl", "--yes")[0] == 0


def test_what_stops_midway_says_how_to_go_on(
    cluster: Cluster, sync_worker: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that the broker refuses, for its time: the topic's limit came after the look."""
    topic = cluster.topic(partitions=2)
    in_ten_years = 10 * 365 * 86_400_000
    cluster.alter(topic, message_timestamp_after_max_ms=str(2 * in_ten_years))
    compare = Publication.compare

    def limit_afterwards(*arguments: Any) -> PublishTarget:
        target = compare(*arguments)
        cluster.alter(topic, message_timestamp_after_max_ms="3600000")
        return target

    monkeypatch.setattr(Publication, "compare", limit_afterwards)
    records = [
        *(Record(topic, 0, n, EPOCH_MS, b"k", str(n).encode()) for n in range(6000)),
        Record(topic, 0, 6000, EPOCH_MS + in_ten_years, b"k", b"late"),
        *(Record(topic, 0, n, EPOCH_MS, b"k", str(n).encode()) for n in range(6001, 6003)),
        *(Record(topic, 1, n, EPOCH_MS, b"k", str(n).encode()) for n in range(3)),
    ]
    write_archive(Path("a.jsonl"), records)
    code, out, err = sync_worker("events", "publish", "a.jsonl", "-o", "json")
    assert code == 2
    published = {p["partition"]: p["published"] for p in json.loads(out)["partitions"]}
    error = json.loads(err.strip().splitlines()[-1])["error"]
    assert f"--topic {topic} --partition 0 --from offset:{published[0]}" in error["hint"]
    assert f"{sum(published.values())} of 6006" in error["message"]
    assert published[0] <= 6000
    found = sync_worker("events", "export", "--out", "-", "--topic", topic, "--partition", "0")[1]
    there = [json.loads(line)["payload"] for line in found.splitlines()]
    assert there[: published[0]] == [str(number) for number in range(published[0])]


def test_a_broker_that_disappears_leaves_exact_numbers(
    cluster: Cluster, breakable_broker: Broker
) -> None:
    topic = cluster.topic()
    records = [Record(topic, 0, n, EPOCH_MS, b"k", str(n).encode()) for n in range(100)]
    settings = KafkaSettings(cluster.bootstrap, (topic,), uuid4().hex)
    publisher = Publisher(settings, delivery_seconds=2)
    publisher.publish(records[:40])
    publisher.finish()
    breakable_broker.kill()
    publisher.publish(records[40:])
    with pytest.raises(StreamUnavailable):
        publisher.finish()
    publisher.close()
    (partition,) = publisher.published
    assert publisher.published[partition] == publisher.next_offset(partition, 0) == 40

"""Brokers that offer less than today's Kafka: an older one, or a service that is like it.

Staged by a proxy that edits what a broker says that it offers; the client asks accordingly.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kafka.protocol.api_key import ApiKey

from tests.builders import activated
from tests.harness.command import CommandLine, Done
from tests.real.kafka_parts import Cluster
from tests.real.kafka_proxy import KafkaProxy

Typed = Callable[..., tuple[int, str, str]]

KAFKA_2_7: Mapping[int, int | None] = {
    ApiKey.Produce: 8,
    ApiKey.Fetch: 12,
    ApiKey.ListOffsets: 5,
    ApiKey.Metadata: 9,
    ApiKey.OffsetFetch: 7,
    ApiKey.FindCoordinator: 3,
    ApiKey.OffsetForLeaderEpoch: 3,
    ApiKey.DescribeCluster: None,
    ApiKey.DescribeTopicPartitions: None,
    ApiKey.ConsumerGroupHeartbeat: None,
}
LESS: Mapping[str, Mapping[int, int | None]] = {
    "2.7": KAFKA_2_7,
    "no names of clusters": {ApiKey.Metadata: 1, ApiKey.DescribeCluster: None},
    **{
        f"no {one.name}": {one: None}
        for one in (
            ApiKey.ListOffsets,
            ApiKey.DescribeConfigs,
            ApiKey.DescribeGroups,
            ApiKey.FindCoordinator,
            ApiKey.OffsetFetch,
            ApiKey.JoinGroup,
            ApiKey.InitProducerId,
            ApiKey.CreateTopics,
            ApiKey.OffsetForLeaderEpoch,
        )
    },
}
BUG, REFUSED, ATTENTION, UNREACHABLE = 1, 2, 3, 5


@pytest.fixture
def less(cluster: Cluster) -> Iterator[KafkaProxy]:
    with KafkaProxy(cluster.bootstrap) as proxy:
        yield proxy


@pytest.fixture
def sync_worker(
    cluster: Cluster,
    less: KafkaProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Calls a command with a registry of its own, topics with events, and the proxy as Kafka."""
    topics = [cluster.topic(partitions=2) for _ in range(2)]
    cluster.send(topics[0], (json.dumps(activated(f"SE2321000016-OB{n}", n)) for n in range(5)))
    for name in [name for name in os.environ if name.startswith("SYNC_WORKER_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
        "KAFKA_BOOTSTRAP_SERVERS": less.bootstrap,
        "KAFKA_ACTIVATION_TOPIC": topics[0],
        "KAFKA_REGION_TOPIC": topics[1],
        "KAFKA_GROUP_ID": topics[0],
    }.items():
        monkeypatch.setenv(f"SYNC_WORKER_{name}", value)
    monkeypatch.chdir(tmp_path)

    call_it = CommandLine(capsys)

    def call(*arguments: str) -> Done:
        return call_it(*arguments, "-o", "json")

    assert call("db", "upgrade")[0] == 0
    assert call("events", "export", "--out", "stream.jsonl")[0] == 0
    return call


def checks(told: tuple[int, str, str]) -> dict[str, Any]:
    return {item["id"]: item for item in json.loads(told[1])["items"]}


def test_a_worker_goes_on_where_brokers_tell_no_ids(sync_worker: Typed, less: KafkaProxy) -> None:
    assert sync_worker("run", "--until-idle", "0")[0] == 0
    less.offered = KAFKA_2_7
    assert sync_worker("events", "publish", "stream.jsonl", "--yes")[0] == 0
    code, out, log = sync_worker("run", "--until-idle", "0")
    assert (code, json.loads(out)["superseded"]) == (0, 5), log
    assert "topics_without_id" in log
    told = checks(sync_worker("doctor"))
    assert told["topic_ids"]["status"] == "warn"
    assert "goes unnoticed when a topic is re-created" in told["topic_ids"]["detail"]
    less.offered = {}
    assert sync_worker("events", "publish", "stream.jsonl", "--yes")[0] == 0
    code, out, log = sync_worker("run", "--until-idle", "0")
    assert (code, json.loads(out)["superseded"]) == (0, 5), log
    assert checks(sync_worker("doctor"))["topic_ids"]["status"] == "ok"


@pytest.mark.parametrize("lacking", LESS)
def test_what_brokers_lack_is_said_in_a_sentence(
    sync_worker: Typed, less: KafkaProxy, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    less.offered = LESS[lacking]
    results = {
        command[0:2]: sync_worker(*command)
        for command in (
            ("status",),
            ("doctor",),
            ("replay", "--dry-run"),
            ("events", "export", "--out", "again.jsonl"),
            ("events", "publish", "stream.jsonl", "--yes"),
            ("run", "--until-idle", "0"),
            ("reconcile", "--against", "topics"),
        )
    }
    monkeypatch.setenv("SYNC_WORKER_KAFKA_REGION_TOPIC", f"{less.port}-new")
    results["topics", "create"] = sync_worker("topics", "create")
    for command, (code, _, said) in results.items():
        assert code not in (BUG, UNREACHABLE), (command, said)
        if code == REFUSED:
            assert "does not support the" in said, command
            assert "IncompatibleBrokerVersion" not in said, command
    assert results[("status",)][0] == 0
    found = checks(results[("doctor",)]).items()
    # No worker runs here, and where the ends of the logs are known, records wait.
    failed = {name for name, item in found if item["status"] == "fail"}
    assert failed == (set() if lacking == "no ListOffsets" else {"workers"}), results[("doctor",)]
    # Where nothing could be applied, a comparison finds drift.
    refused = {name for name, (code, *_) in results.items() if code not in (0, ATTENTION)}
    assert refused == {
        "no ListOffsets": {
            ("replay", "--dry-run"),
            ("events", "export"),
            ("events", "publish"),
            ("run", "--until-idle"),
            ("reconcile", "--against"),
        },
        "no JoinGroup": {("run", "--until-idle")},
        "no FindCoordinator": {("run", "--until-idle")},
        "no InitProducerId": {("events", "publish")},
        "no DescribeConfigs": {("events", "publish")},  # are timestamps kept? it can be accepted
        "no CreateTopics": {("topics", "create")},
    }.get(lacking, set())


def test_a_setting_reaches_brokers_that_drop_newer_version_requests(
    sync_worker: Typed, less: KafkaProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    less.newest_api_versions = 2
    code, _, said = sync_worker("topics", "create")
    assert code == 5
    assert "SYNC_WORKER_KAFKA_API_VERSION" in said
    monkeypatch.setenv("SYNC_WORKER_KAFKA_API_VERSION", "2.3")
    assert sync_worker("topics", "create")[0] == 0
    code, out, log = sync_worker("run", "--until-idle", "0")
    assert (code, json.loads(out)["read"]) == (0, 5), log
    assert sync_worker("events", "publish", "stream.jsonl", "--yes")[0] == 0
    assert sync_worker("reconcile", "--against", "topics")[0] == 0

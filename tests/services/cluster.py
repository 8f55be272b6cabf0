"""A Kafka cluster for tests: three small brokers, each a controller too, on 127.0.0.1."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from kafka import KafkaAdminClient, TopicPartition

from tests.services import processes
from tests.services.administering import administering
from tests.services.broker import Node, new_cluster_id
from tests.services.waiting import until

NODES = 3
_HEAP_MEGABYTES = 256
_PREFERRED = 0
"""Elect the first replica of each list, not just any."""


class Cluster:
    """Three brokers; it goes on with two of them, and what was acknowledged is in both."""

    def __init__(self) -> None:
        cluster_id = new_cluster_id()
        ports = [processes.free_port() for _ in range(NODES)]
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(ports, 1))
        self.nodes = {
            number: Node(
                _settings(number, voters),
                {},
                cluster_id=cluster_id,
                controller_port=port,
                heap_megabytes=_HEAP_MEGABYTES,
            )
            for number, port in enumerate(ports, 1)
        }
        for node in self.nodes.values():
            node.launch()
        for node in self.nodes.values():
            node.wait_until_started()

    @property
    def bootstrap(self) -> str:
        """The addresses of those that were not lost."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def admin(self) -> AbstractContextManager[KafkaAdminClient]:
        return administering(self.bootstrap)

    def leaders(self, *topics: str) -> dict[TopicPartition, int]:
        """The broker that leads each partition; -1 where none does."""
        return {place: found["leader_id"] for place, found in self._partitions(*topics)}

    def prefer(self, leaders: dict[TopicPartition, int]) -> None:
        """Put a broker first among each partition's replicas, and have them elected."""
        topics = sorted({place.topic for place in leaders})
        replicas = {place: found["replica_nodes"] for place, found in self._partitions(*topics)}
        wanted = {
            place: [leader, *(node for node in replicas[place] if node != leader)]
            for place, leader in leaders.items()
        }
        with self.admin() as client:
            client.alter_partition_reassignments(wanted)
            until(lambda: not client.list_partition_reassignments(), "replicas to be in order")
            client.elect_leaders(_PREFERRED, topics)
        until(lambda: self.leaders(*topics).items() >= leaders.items(), "the leaders to be elected")

    def until_in_sync(self, *topics: str) -> None:
        """Wait until every replica that still has a broker is in sync."""
        alive = self.nodes.keys()

        def are_in_sync() -> bool:
            return all(
                set(found["isr_nodes"]) >= alive & set(found["replica_nodes"])
                for _, found in self._partitions(*topics)
            )

        until(are_in_sync, "the replicas to be in sync", 60)

    def lose(self, number: int) -> None:
        """Lose a broker for good, with its data."""
        self.nodes.pop(number).remove()

    def remove(self) -> None:
        for node in self.nodes.values():
            node.remove()

    def _partitions(self, *topics: str) -> Iterator[tuple[TopicPartition, dict[str, Any]]]:
        with self.admin() as client:
            described = client.describe_topics(list(topics))
        for topic in described:
            for found in topic["partitions"]:
                yield TopicPartition(topic["name"], found["partition_index"]), found


def _settings(number: int, voters: str) -> dict[str, object]:
    return {
        "node.id": number,
        "controller.quorum.voters": voters,
        "default.replication.factor": NODES,
        "min.insync.replicas": 2,
        "offsets.topic.replication.factor": NODES,
        "transaction.state.log.replication.factor": NODES,
        # Elections happen when a test wants them.
        "auto.leader.rebalance.enable": "false",
    }

"""A broker with access control lists, and people who log in to it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from kafka import KafkaProducer
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from sync_worker.streams.kafka.settings import KafkaSettings, Security
from tests.builders import activated, record
from tests.harness.command import CommandLine, Done
from tests.real.rights.table import Right
from tests.services import processes
from tests.services.administering import administering
from tests.services.broker import NativeBroker
from tests.services.waiting import until

_PEOPLE = 80
_PASSWORD = "made-up"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}


@dataclass(frozen=True)
class Person:
    """Somebody who logs in to Kafka, and the names of what he is to work with."""

    name: str
    topics: str
    secured: str
    sync_worker: CommandLine

    @property
    def group(self) -> str:
        return f"group-{self.name}"

    @property
    def principal(self) -> str:
        return f"User:{self.name}"

    def resource(self, right: Right) -> str:
        """The name of what a right is on."""
        return f"{self.topics}.{right.which}" if right.kind == "topic" else self.group

    @property
    def kafka(self) -> KafkaSettings:
        """With what the worker reads."""
        return KafkaSettings(
            self.secured,
            (f"{self.topics}.activation", f"{self.topics}.region"),
            self.group,
            topic_check_interval_seconds=1.0,
            security=Security("SASL_PLAINTEXT", "PLAIN", self.name, _PASSWORD),
        )

    def __call__(self, line: str) -> tuple[Done, float]:
        """Type a command; what it gave, and how many seconds it took."""
        began_at = time.monotonic()
        done = self.sync_worker(
            *line.split(),
            SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS=self.secured,
            SYNC_WORKER_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT",
            SYNC_WORKER_KAFKA_SASL_MECHANISM="PLAIN",
            SYNC_WORKER_KAFKA_SASL_USERNAME=self.name,
            SYNC_WORKER_KAFKA_SASL_PASSWORD=_PASSWORD,
            SYNC_WORKER_KAFKA_GROUP_ID=self.group,
            SYNC_WORKER_KAFKA_ACTIVATION_TOPIC=f"{self.topics}.activation",
            SYNC_WORKER_KAFKA_REGION_TOPIC=f"{self.topics}.region",
        )
        return done, time.monotonic() - began_at


class GuardedBroker:
    """A broker where nobody may do anything, but for us and whom we let."""

    def __init__(self) -> None:
        self._names = [f"person-{number}" for number in range(_PEOPLE)]
        self._secured = f"127.0.0.1:{processes.free_port()}"
        logins = " ".join(f'user_{name}="{_PASSWORD}"' for name in self._names)
        protocols = ("PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", "SASL_PLAINTEXT:SASL_PLAINTEXT")
        self._broker = NativeBroker(
            {
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                # Who comes by the listener without a login: the broker to itself, and the tests.
                "super.users": "User:ANONYMOUS",
                "listener.security.protocol.map": ",".join(protocols),
                "sasl.enabled.mechanisms": "PLAIN",
                "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"{_PLAIN} {logins};",
            },
            {"SASL_PLAINTEXT": (self._secured, self._secured)},
        )

    def __enter__(self) -> "GuardedBroker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._broker.remove()

    def create(self, topics: Sequence[str], **configs: str) -> None:
        """Create topics with these options."""
        options = {"num_partitions": 1, "replication_factor": 1, "configs": configs}
        with administering(self._broker.bootstrap) as admin:
            admin.create_topics(dict.fromkeys(topics, options))
            admin.wait_for_topics(list(topics))

    def fill(self, topics: Sequence[str], **configs: str) -> None:
        """Create topics with these options, and put two records into each."""
        self.create(topics, **configs)
        producer = KafkaProducer(bootstrap_servers=self._broker.bootstrap)
        written = [record(activated(f"SE2321000016-T00{n}", n, regionCode="01")) for n in (1, 2)]
        for topic in topics:
            for each in written:
                producer.send(topic, each.value, each.key, list(each.headers), partition=0)
        producer.close()

    def person(self, rights: Iterable[Right], topics: str, sync_worker: CommandLine) -> Person:
        """Somebody new with these rights alone, on these topics and on a group of his own."""
        name = self._names.pop()
        person = Person(name, topics.replace("{name}", name), self._secured, sync_worker)
        principal, allow = person.principal, ACLPermissionType.ALLOW
        acls = [
            ACL(
                principal,
                "*",
                ACLOperation[right.operation],
                allow,
                ResourcePattern(_KINDS[right.kind], person.resource(right)),
            )
            for right in rights
        ]
        his = _all_of(person)
        if acls:
            with administering(self._broker.bootstrap) as admin:
                assert not admin.create_acls(acls)["failed"]
                until(lambda: len(admin.describe_acls(his)[0]) == len(acls), "the rights to hold")
        return person

    def take_away_rights(self, person: Person) -> None:
        """Somebody may do nothing any more."""
        with administering(self._broker.bootstrap) as admin:
            admin.delete_acls([_all_of(person)])


def _all_of(person: Person) -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(person.principal, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)

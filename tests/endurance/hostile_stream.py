"""Hostile records in the topics of a stage, and what must have become of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync_worker.events.record import Record
from sync_worker.streams.kafka.publisher import Publisher
from sync_worker.streams.kafka.settings import KafkaSettings
from tests.real.worker.expected import Contents, Judged, Place, folded_as_judged
from tests.real.worker.stage import Stage
from tests.worlds.hostile import CLINICS, UNJUDGED, Hostile

REGISTERED = CLINICS[:20]
_NUMBER = "sent-as"
"""The header that tells a record that was read from the others that were sent."""


@dataclass
class HostileStream:
    """What was sent, in this order; records with a verdict go where their clinic's others are."""

    stage: Stage
    sent: list[Hostile] = field(default_factory=list)
    produced: Counter[Place] = field(default_factory=Counter)

    @property
    def _unjudged(self) -> Place:
        """A partition of their own for those without a verdict."""
        return self.stage.activation, self.stage.partitions

    def open(self) -> None:
        """Make room for them, and register some of the clinics that they name."""
        with self.stage.admin() as client:
            client.create_partitions({self.stage.activation: self.stage.partitions + 1})
        for topic in (self.stage.activation, self.stage.region):
            self.stage.alter(topic, {"retention.ms": "-1"})  # their timestamps are old
        self.stage.register(REGISTERED)

    def send(self, records: Iterable[Hostile]) -> None:
        """Send them, and wait until a broker has taken every one.

        By the program's publisher: the client's producer refuses records that others may send.
        """
        topics = (self.stage.activation, self.stage.region)
        publisher = Publisher(KafkaSettings(self.stage.bootstrap, topics, self.stage.group))
        try:
            publisher.publish(self._numbered(records))
            publisher.finish()
        finally:
            publisher.close()
        self.produced += Counter(
            {(topic, n): count for (topic, n), count in publisher.published.items()}
        )

    def expected(self, records: Sequence[Any]) -> Contents:
        """What the judged ones come to, in the order of the logs."""
        judged = (self._judged(record) for record in records if self._is_judged(record))
        come_to = folded_as_judged(judged, REGISTERED)
        come_to.rows = dict.fromkeys(REGISTERED, (None, None, None)) | come_to.rows
        return come_to

    def judged_alone(self, found: Contents) -> Contents:
        """The registry without what came of the records that nobody can judge."""
        letters = [letter for letter in found.dead_letters if letter[:2] != self._unjudged]
        rows = {hsa_id: row for hsa_id, row in found.rows.items() if hsa_id != UNJUDGED}
        counts = {place: count for place, count in found.counts.items() if place != self._unjudged}
        return replace(found, rows=rows, counts=counts, dead_letters=letters)

    def _numbered(self, records: Iterable[Hostile]) -> Iterator[Record]:
        for made in records:
            topic, partition = self._place(made)
            number = (_NUMBER, str(len(self.sent)).encode())
            self.sent.append(made)
            yield Record(
                topic=topic,
                partition=partition,
                offset=0,
                timestamp_ms=made.timestamp_ms,
                key=made.key,
                value=made.value,
                headers=(*made.headers, number),
            )

    def _place(self, made: Hostile) -> Place:
        if not made.verdict:
            return self._unjudged
        if made.event is None:
            topic = self.stage.activation if made.is_activation else self.stage.region
            return topic, len(self.sent) % self.stage.partitions
        is_move = "region-changed" in made.event["type"]
        number = int(made.event["data"]["hsaId"][-3:]) + is_move
        topic = self.stage.region if is_move else self.stage.activation
        return topic, number % self.stage.partitions

    def _is_judged(self, record: Any) -> bool:
        return (record.topic, record.partition) != self._unjudged

    def _judged(self, record: Any) -> Judged:
        made = self.sent[int(dict(record.headers)[_NUMBER])]
        assert (record.key, record.value) == (made.key, made.value)
        return record, made.event, made.verdict

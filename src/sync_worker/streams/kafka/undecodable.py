"""Finds the records at which the client fails, once it is clear that it does.

What `poll` raises does not say where, so each partition is tried by itself, outside the group.
"""

from collections.abc import Mapping

from kafka import TopicPartition
from kafka.errors import KafkaError

from sync_worker.events.record import Partition
from sync_worker.streams.checks import undecodable_records
from sync_worker.streams.kafka.client import bounded_consumer
from sync_worker.streams.kafka.group_member import DECODING_ERRORS
from sync_worker.streams.kafka.login import is_refusal
from sync_worker.streams.kafka.settings import KafkaSettings, groupless_options
from sync_worker.streams.protocol import StreamError

_TRIES = 4
_TRY_MS = 500


def found_among(
    settings: KafkaSettings, offsets: Mapping[TopicPartition, int]
) -> StreamError | None:
    """Say which of these offsets cannot be read; None where all can, or no broker answers."""
    for partition, offset in sorted(offsets.items()):
        error = _error_at(settings, partition, offset)
        if error is not None:
            return undecodable_records(Partition(*partition), offset, error)
    return None


def _error_at(
    settings: KafkaSettings, partition: TopicPartition, offset: int
) -> BaseException | None:
    try:
        consumer = bounded_consumer(groupless_options(settings))
    except (KafkaError, OSError):
        return None
    try:
        consumer.assign([partition])
        consumer.seek(partition, offset)
        for _ in range(_TRIES):
            if consumer.poll(timeout_ms=_TRY_MS):
                break
    except (KafkaError, *DECODING_ERRORS) as error:
        is_transient = getattr(error, "retriable", False) or is_refusal(error)
        return None if is_transient else error
    finally:
        consumer.close(autocommit=False, timeout_ms=1000)
    return None

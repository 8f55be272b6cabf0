"""Why a group will not have a worker, and the setting that mends it."""

from collections.abc import Mapping

from kafka.errors import (
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    UnsupportedVersionError,
)

from sync_worker.stream.fitting import words_of
from sync_worker.stream.source import StreamError

_REFUSALS: Mapping[type[KafkaError], tuple[str, str]] = {
    InvalidSessionTimeoutError: (
        "The brokers allow no session of that length.",
        (
            "Set SYNC_WORKER_KAFKA_SESSION_TIMEOUT_MS within their group.min.session.timeout.ms "
            "and group.max.session.timeout.ms; 6000 to 1800000 where nobody changed them."
        ),
    ),
    InconsistentGroupProtocolError: (
        "It has members that are no workers: they share out partitions otherwise than by range.",
        "Stop them, or set a SYNC_WORKER_KAFKA_GROUP_ID that the workers have to themselves.",
    ),
    InvalidGroupIdError: (
        "The brokers do not take that for a group's name.",
        "Correct SYNC_WORKER_KAFKA_GROUP_ID.",
    ),
    GroupMaxSizeReachedError: (
        (
            "It has as many members as the brokers allow (group.max.size); the place of a worker "
            "that was killed counts until its session is over."
        ),
        "Run fewer workers, or set a SYNC_WORKER_KAFKA_GROUP_ID that they have to themselves.",
    ),
    UnsupportedVersionError: (
        "The brokers are of a version that does not know what a worker asks.",
        "Check that SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS names brokers that are new enough.",
    ),
}
"""Why a group will not have us, and the way on; a new client would be told the same."""


def refusal_of(error: BaseException, group_id: str) -> StreamError | None:
    """What to say where a group will not have us, however often we ask; None of other errors."""
    for kind, (why, hint) in _REFUSALS.items():
        if isinstance(error, kind):
            said = words_of(error) if kind is UnsupportedVersionError else error
            what = f"Kafka refuses this worker a place in the group {group_id}: {said}."
            return StreamError(what, why, hint)
    return None

"""What is said where Kafka does not let the worker read."""

import pytest
from kafka.errors import (
    CommitFailedError,
    GroupMaxSizeReachedError,
    IncompatibleBrokerVersion,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    RebalanceInProgressError,
)

from sync_worker.cli.remedies import in_words
from sync_worker.streams.kafka import group_member

SETTINGS = {
    InvalidSessionTimeoutError: "SYNC_WORKER_KAFKA_SESSION_TIMEOUT_MS",
    InconsistentGroupProtocolError: "SYNC_WORKER_KAFKA_GROUP_ID",
    InvalidGroupIdError: "SYNC_WORKER_KAFKA_GROUP_ID",
    GroupMaxSizeReachedError: "SYNC_WORKER_KAFKA_GROUP_ID",
    IncompatibleBrokerVersion: "SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS",
}


@pytest.mark.parametrize(("kind", "setting"), SETTINGS.items())
def test_a_group_that_refuses_us_names_the_setting(kind, setting):
    refusal = group_member.group_refusal(kind(), "workers")
    assert refusal is not None
    assert "the group workers" in refusal.message
    assert kind.__name__ in refusal.message
    assert setting in str(in_words(refusal.hint))


@pytest.mark.parametrize("kind", [CommitFailedError, RebalanceInProgressError, ValueError])
def test_what_a_new_client_can_heal_is_not_a_refusal(kind):
    assert group_member.group_refusal(kind(), "workers") is None

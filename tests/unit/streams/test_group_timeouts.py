"""How long a group waits for a member, and a member for its group."""

import pytest

from sync_worker.config.settings import Settings
from sync_worker.streams.kafka.settings import KafkaSettings, consumer_options

LEAST_THAT_BROKERS_ALLOW_MS = 6000


def settings(session_ms, busy_ms=120_000):
    return KafkaSettings(
        "localhost:9092", ("t",), "g", session_timeout_ms=session_ms, max_poll_interval_ms=busy_ms
    )


def test_the_default_session_is_the_shortest_that_brokers_allow():
    assert Settings().kafka_session_timeout_ms == LEAST_THAT_BROKERS_ALLOW_MS
    assert KafkaSettings("b", ("t",), "g").session_timeout_ms == LEAST_THAT_BROKERS_ALLOW_MS


@pytest.mark.parametrize(
    ("session_ms", "heartbeat_ms"), [(1000, 250), (6000, 1500), (12_000, 3000), (45_000, 3000)]
)
def test_four_heartbeats_fit_into_a_session(session_ms, heartbeat_ms):
    assert consumer_options(settings(session_ms))["heartbeat_interval_ms"] == heartbeat_ms


@pytest.mark.parametrize(
    ("session_ms", "busy_ms", "seconds"),
    [(6000, 120_000, 45), (6000, 20_000, 20), (60_000, 120_000, 60), (6000, 6000, 6)],
)
def test_a_rebalance_may_last_as_long_as_members_are_busy(session_ms, busy_ms, seconds):
    assert settings(session_ms, busy_ms).rebalance_patience_seconds == seconds

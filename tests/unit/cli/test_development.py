"""Which clusters records are published to without a question."""

import pytest

from sync_worker.config.loopback import is_local_cluster


@pytest.mark.parametrize(
    "servers",
    [
        "localhost:9092",
        "LOCALHOST",
        "127.0.0.1:9092, 127.9.9.9:9093",
        "[::1]:9092",
        "kafka.localhost:9092",
    ],
)
def test_this_machine_is_a_development_one(servers):
    assert is_local_cluster(servers, ["localhost", "127.0.0.1", "::1"])


@pytest.mark.parametrize(
    ("servers", "brokers"),
    [
        ("kafka:9092", ["localhost"]),
        ("127.0.0.1:9092,kafka-2.example.invalid:9092", ["127.0.0.1"]),
        ("10.0.0.7:9092", ["127.0.0.1"]),
        ("localhost.example.invalid:9092", ["localhost"]),
        ("127.0.0.1.example.invalid:9092", ["localhost"]),
        ("[2001:db8::1]:9092", ["localhost"]),
        ("0.0.0.0:9092", ["localhost"]),
        ("localhost:9092", ["kafka-1.example.invalid", "localhost"]),
    ],
    ids=str,
)
def test_one_host_elsewhere_makes_it_none_behind_a_tunnel_too(servers, brokers):
    assert not is_local_cluster(servers, brokers)

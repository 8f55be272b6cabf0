"""What a command hands to a process beside it: with every way to log in."""

import pickle

import pytest

from sync_worker import bootstrap
from sync_worker.config.settings import load_settings

COMMON = {"SYNC_WORKER_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
LOGIN = {
    "SYNC_WORKER_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "SYNC_WORKER_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
    "SYNC_WORKER_KAFKA_SASL_USERNAME": "worker",
    "SYNC_WORKER_KAFKA_SASL_PASSWORD": "a-password",
}
OAUTH = {
    "SYNC_WORKER_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "SYNC_WORKER_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "SYNC_WORKER_KAFKA_SASL_OAUTH_TOKEN_URL": "https://login.exempel.invalid/token",
    "SYNC_WORKER_KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
    "SYNC_WORKER_KAFKA_SASL_OAUTH_CLIENT_SECRET": "a-secret",
}


@pytest.mark.parametrize("login", [{}, LOGIN, OAUTH])
def test_how_kafka_is_reached_can_be_handed_to_another_process(login):
    settings = bootstrap.streams.kafka_settings(load_settings({**COMMON, **login}))
    handed = pickle.loads(pickle.dumps(settings))
    assert (handed.servers, handed.topics) == (settings.servers, settings.topics)
    assert (handed.security.tokens is None) is (settings.security.tokens is None)


def test_another_process_logs_in_with_the_current_password(monkeypatch):
    settings = bootstrap.streams.kafka_settings(load_settings({**COMMON, **LOGIN}))
    handed = pickle.loads(pickle.dumps(settings))
    assert handed.security.current_password() == "a-password"
    monkeypatch.setenv("SYNC_WORKER_KAFKA_SASL_PASSWORD", "another-one")
    assert handed.security.current_password() == "another-one"

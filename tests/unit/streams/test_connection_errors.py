"""Errors of connections: unavailable, refused, or an advertised address that is wrong."""

import ssl

import pytest
from kafka.errors import (
    InvalidReceiveError,
    KafkaConnectionError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from sync_worker.remedies import Remedy
from sync_worker.streams.kafka.login import ConnectionErrors, ConnectionFailure, addresses
from sync_worker.streams.kafka.oauth_tokens import NoToken, TokenRefused
from sync_worker.streams.kafka.scram import UnprovenBroker
from sync_worker.streams.protocol import LoginUnavailable, StreamRefused

GAVE_UP = KafkaTimeoutError("Unable to bootstrap")
LOST = KafkaConnectionError("socket disconnected")
REFUSED = SaslAuthenticationFailedError("no")


def failure(error, address="broker:9092", *, is_advertised=False):
    return ConnectionFailure(address, is_advertised, error)


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (LOST, False),
        (NoToken("away"), False),
        (KafkaConnectionError("Handshake failed: [SSL: UNEXPECTED_EOF_WHILE_READING] EOF"), False),
        (KafkaConnectionError("DNS Resolution failure"), False),
        (REFUSED, True),
        (UnsupportedSaslMechanismError("no"), True),
        (TokenRefused("no"), True),
        (UnprovenBroker("no"), True),
        (ssl.SSLError("[X509: KEY_VALUES_MISMATCH] mismatch"), True),
        (KafkaConnectionError("Handshake failed: [SSL: CERTIFICATE_VERIFY_FAILED] no"), True),
        (KafkaConnectionError("Handshake failed: [SSL: WRONG_VERSION_NUMBER] no"), True),
        (FileNotFoundError("ca.pem"), True),
        (InvalidReceiveError("Invalid frame length: 1213486160"), False),
    ],
)
def test_an_answer_that_is_a_refusal_is_known(error, is_refusal):
    errors = ConnectionErrors()
    errors.failed(failure(error))
    told = errors.unavailable(GAVE_UP)
    assert isinstance(told, StreamRefused) is is_refusal
    assert str(error.args[0]) in str(told)


def test_what_failed_is_told_instead_of_a_timeout():
    errors = ConnectionErrors()
    errors.failed(failure(LOST))
    told = str(errors.unavailable(GAVE_UP, "Kafka at broker:9092: "))
    assert told == (
        "Kafka at broker:9092: the last attempt, at broker:9092, failed with "
        "KafkaConnectionError: socket disconnected"
    )


def test_an_answer_in_tls_is_told_as_such():
    errors = ConnectionErrors()
    errors.failed(failure(InvalidReceiveError(f"Invalid frame length: {0x15030300}")))
    told = errors.unavailable(GAVE_UP)
    assert isinstance(told, StreamRefused)
    assert "it answers in TLS" in str(told)


@pytest.mark.parametrize(
    ("error", "mechanism", "remedy"),
    [
        (REFUSED, "PLAIN", Remedy.CHECK_KAFKA_PASSWORD),
        (REFUSED, "OAUTHBEARER", Remedy.CHECK_KAFKA_TOKEN),
        (NoToken("[SSL: CERTIFICATE_VERIFY_FAILED] no"), "OAUTHBEARER", Remedy.CHECK_KAFKA_TOKEN),
        (UnsupportedSaslMechanismError("no"), "PLAIN", Remedy.CHECK_KAFKA_MECHANISM),
        (UnprovenBroker("no"), "SCRAM-SHA-256", Remedy.CHECK_KAFKA_PEER),
        (FileNotFoundError("ca.pem"), None, Remedy.CHECK_KAFKA_FILES),
        (
            KafkaConnectionError("Handshake failed: [SSL: TLSV1_ALERT_PROTOCOL_VERSION] no"),
            None,
            Remedy.CHECK_KAFKA_TLS_VERSION,
        ),
        (
            KafkaConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] EE certificate key too weak"),
            None,
            Remedy.CHECK_KAFKA_CERTIFICATE,
        ),
        (
            KafkaConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] unsuitable certificate purpose"),
            None,
            Remedy.CHECK_KAFKA_CERTIFICATE,
        ),
        (
            KafkaConnectionError("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] no"),
            None,
            Remedy.CHECK_KAFKA_OWN_CERTIFICATE,
        ),
        (
            KafkaConnectionError("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] no"),
            None,
            Remedy.CHECK_KAFKA_LOGIN,
        ),
    ],
)
def test_a_refusal_names_what_to_put_right(error, mechanism, remedy):
    errors = ConnectionErrors()
    errors.failed(ConnectionFailure("broker:9092", False, error, mechanism))
    assert errors.unavailable(GAVE_UP).hint == remedy()


def test_only_the_broker_that_refused_is_left_alone():
    errors = ConnectionErrors()
    errors.failed(failure(REFUSED, "one:9092"))
    errors.failed(failure(LOST, "two:9092"))
    assert errors.is_refused_by("one:9092")
    assert not errors.is_refused_by("two:9092")
    assert not errors.is_refused_by("three:9092")


def test_a_refusal_is_reported_though_the_next_connection_fails():
    errors = ConnectionErrors()
    errors.failed(failure(REFUSED, "one:1"))
    errors.failed(failure(LOST, "two:2"))
    assert "one:1 answers" in str(errors.unavailable(GAVE_UP))


def test_an_address_advertised_by_brokers_is_reported_as_such():
    errors = ConnectionErrors()
    errors.failed(failure(LOST, "inner:9092", is_advertised=True))
    errors.failed(failure(LOST))
    told = str(errors.unavailable(GAVE_UP))
    assert "inner:9092" in told
    assert "advertised.listeners" in told


def test_an_address_of_the_settings_may_leave_its_port_out():
    configured = ["one.example", "two.example:9093", "::1", "[::2]:9094"]
    assert addresses(configured) == {
        "one.example:9092",
        "two.example:9093",
        "[::1]:9092",
        "[::2]:9094",
    }


def test_where_nothing_was_tried_the_error_stands_alone():
    assert str(ConnectionErrors().unavailable(GAVE_UP)) == str(GAVE_UP)


def test_a_missing_token_is_not_blamed_on_the_brokers():
    errors = ConnectionErrors()
    errors.failed(failure(NoToken("https://login gives no token"), is_advertised=True))
    errors.failed(failure(GAVE_UP))
    told = errors.unavailable(GAVE_UP, "Kafka at broker:9092: ")
    assert isinstance(told, LoginUnavailable)
    assert str(told) == "Kafka at broker:9092: https://login gives no token"


def test_a_refusal_is_forgotten_once_it_works():
    errors = ConnectionErrors()
    errors.failed(failure(REFUSED))
    assert errors.backoff.wait_seconds() > 0
    assert "has refused us since" in str(errors.describe_refusal())
    errors.succeeded("broker:9092")
    assert (errors.backoff.wait_seconds(), errors.describe_refusal()) == (0, None)


def test_what_is_unavailable_is_retried_without_a_pause():
    errors = ConnectionErrors()
    errors.failed(failure(LOST))
    assert errors.backoff.wait_seconds() == 0


def test_an_attempt_cut_short_keeps_what_the_former_said():
    errors = ConnectionErrors()
    errors.failed(ConnectionFailure("one:1", False, LOST, seems_to_want_login=True))
    errors.failed(failure(GAVE_UP, "one:1"))
    assert "wants a login by SASL" in str(errors.unavailable(GAVE_UP))
    errors.failed(failure(LOST, "one:1"))
    assert "wants a login by SASL" not in str(errors.unavailable(GAVE_UP))

"""Logins to a real broker: those that work from end to end, and how others are told."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from tests.builders import activated, numbered, write_archive
from tests.real.secrets.logins import (
    PASSWORD,
    LoginBroker,
    authorisation_server,
    key_pair,
    token_for,
    token_in,
)
from tests.real.worker.stage import Stage
from tests.worlds.command_line import A

pytestmark = pytest.mark.real

SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
PLAIN = SASL | {
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "worker",
    "KAFKA_SASL_PASSWORD": PASSWORD,
}
SCRAM = PLAIN | {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}
OAUTH = SASL | {"KAFKA_SASL_MECHANISM": "OAUTHBEARER"}


@pytest.fixture
def by_scram(login_stage: Stage) -> Mapping[str, str]:
    with login_stage.admin() as admin:
        made = UserScramCredentialUpsertion("worker", ScramMechanism.SCRAM_SHA_256, PASSWORD)
        admin.alter_user_scram_credentials([made])
    return SCRAM


@pytest.fixture
def by_token_file(tmp_path: Path) -> Mapping[str, str]:
    return OAUTH | token_in(tmp_path)


@pytest.fixture
def by_client_credentials() -> Iterator[Mapping[str, str]]:
    with authorisation_server(PASSWORD) as server:
        yield OAUTH | server.settings


@pytest.mark.parametrize("way", ["by_scram", "by_token_file", "by_client_credentials"])
def test_a_login_works_from_end_to_end(
    login_stage: Stage, request: pytest.FixtureRequest, way: str
) -> None:
    login_stage.settings.update(request.getfixturevalue(way))
    records = numbered([activated(A, n, regionCode="01") for n in range(3)])
    named = [record._replace(topic=login_stage.activation) for record in records]
    archive = write_archive(login_stage.folder / "events.jsonl", named)
    published = login_stage("events", "publish", str(archive), "--yes")
    assert published.exit_code == 0, published.stderr
    applied = login_stage.finish()
    assert applied.json["applied"] == 3, applied.stderr + login_stage("status").stdout
    status = login_stage("status")
    assert status.json["lag"] == 0
    assert PASSWORD not in applied.stderr + status.stdout + status.stderr


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (PLAIN | {"KAFKA_SASL_PASSWORD": "wr0ng-word"}, "Invalid username or password"),
        (SCRAM | {"KAFKA_SASL_USERNAME": "nobody"}, "invalid credentials"),
        (PLAIN | {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"}, "UnsupportedSaslMechanism"),
        (OAUTH | {"KAFKA_SASL_OAUTH_TOKEN_FILE": "/nope"}, "/nope cannot be read"),
        ({"KAFKA_SECURITY_PROTOCOL": "SSL"}, "127.0.0.1"),
    ],
)
def test_a_refused_login_is_reported_as_refused(
    login_stage: Stage, login: Mapping[str, str], words: str
) -> None:
    done = login_stage("topics", "create", **login)
    assert done.exit_code == 5
    assert words in done.error_text
    is_answered = login.get("KAFKA_SECURITY_PROTOCOL") != "SSL"
    assert (json.loads(done.stderr)["error"]["code"] == "login_refused") is is_answered
    assert "wr0ng-word" not in done.stderr


def test_brokers_are_believed_by_the_authority_that_is_set(
    login_stage: Stage, login_broker: LoginBroker, tmp_path: Path
) -> None:
    stranger, key = key_pair(tmp_path, "pass phrase")
    tls = {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_BOOTSTRAP_SERVERS": login_broker.encrypted}
    ours = {
        "KAFKA_SSL_CERTFILE": str(stranger),
        "KAFKA_SSL_KEYFILE": str(key),
        "KAFKA_SSL_KEY_PASSWORD": "pass phrase",
    }
    authority = str(login_broker.authority)
    done = login_stage("topics", "create", **tls, **ours, KAFKA_SSL_CAFILE=authority)
    assert done.exit_code == 0, done.stderr
    done = login_stage("topics", "create", **tls, KAFKA_SSL_CAFILE=str(stranger))
    assert done.exit_code == 5
    assert json.loads(done.stderr)["error"]["code"] == "login_refused"
    assert "CERTIFICATE_VERIFY_FAILED" in done.error_text


def test_an_expired_token_is_refused(login_stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token_for("worker", -60))
    done = login_stage("status", **OAUTH, KAFKA_SASL_OAUTH_TOKEN_FILE=str(file))
    assert done.exit_code == 0, "the registry is told all the same"
    assert "invalid_token" in done.json["attention"][0]


def test_a_broker_that_advertises_a_wrong_address_is_named(
    login_stage: Stage, login_broker: LoginBroker
) -> None:
    done = login_stage("topics", "create", KAFKA_BOOTSTRAP_SERVERS=login_broker.astray)
    assert done.exit_code == 5
    assert "inner.exempel.invalid:9092" in done.error_text
    assert "advertised.listeners" in done.error_text

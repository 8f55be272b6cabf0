"""What is wrong between us and a broker: told within seconds, with the setting to put right."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.harness.command import Done
from tests.real.secrets.logins import token_for
from tests.real.tls.parts import (
    DAY,
    LOGIN,
    MUTUAL,
    PASS_PHRASE,
    PLAIN,
    PLAIN_LOGIN,
    TlsBroker,
    World,
    by_password,
    by_tls,
    check_error,
    showing,
)

pytestmark = pytest.mark.real

Settings = Mapping[str, str]
SECONDS = 10
"""Within so many it must be told, on a machine that does much else."""
IN_THE_CLEAR = {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
UNTRUSTED = "does not prove to be Kafka"
REFUSES = "refuses the login"
OTHER = "expects another protocol"
AWAY = "cannot be reached now"
PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
OWN = "KAFKA_SSL_CERTFILE"


class Case(NamedTuple):
    """What is set at which listener, and the words of what is told, in their order."""

    listener: str
    settings: Callable[[World], Settings]
    words: tuple[str, ...]
    is_refusal: bool = True


def trusting(world: World, login: Settings) -> Settings:
    return {"KAFKA_SSL_CAFILE": str(world.ours.file), **login}


CASES = {
    "another authority": Case(
        "right", lambda w: by_tls(w.other), (UNTRUSTED, "self-signed", "KAFKA_SSL_CAFILE")
    ),
    "the system's authorities": Case(
        "right",
        lambda w: {"KAFKA_SECURITY_PROTOCOL": "SSL"},
        (UNTRUSTED, "self-signed", "KAFKA_SSL_CAFILE"),
    ),
    "an expired certificate": Case(
        "expired", lambda w: by_tls(w.ours), (UNTRUSTED, "has expired", "renewed")
    ),
    "one that is not valid yet": Case(
        "early", lambda w: by_tls(w.ours), (UNTRUSTED, "not yet valid", "clock")
    ),
    "another host's": Case(
        "misnamed",
        lambda w: by_tls(w.ours),
        (UNTRUSTED, "not valid for '127.0.0.1'", "KAFKA_BOOTSTRAP_SERVERS"),
    ),
    "a login to an untrusted broker": Case(
        LOGIN,
        lambda w: by_password("PLAIN") | {"KAFKA_SSL_CAFILE": str(w.other.file)},
        (UNTRUSTED, "KAFKA_SSL_CAFILE"),
    ),
    "no certificate of ours": Case(MUTUAL, lambda w: by_tls(w.ours), (REFUSES, "alert", OWN)),
    "ours of another authority": Case(
        MUTUAL,
        lambda w: by_tls(w.ours) | showing(w.other.client("worker")),
        (REFUSES, "alert", OWN),
    ),
    "ours, expired": Case(
        MUTUAL,
        lambda w: (
            by_tls(w.ours) | showing(w.ours.client("worker", label="old", starts=-3 * DAY, days=1))
        ),
        (REFUSES, "alert", OWN),
    ),
    "a wrong password, PLAIN": Case(
        LOGIN,
        lambda w: trusting(w, by_password("PLAIN", password="wr0ng-word")),
        (REFUSES, "Invalid username or password", "KAFKA_SASL_PASSWORD"),
    ),
    "a wrong password, SCRAM": Case(
        LOGIN,
        lambda w: trusting(w, by_password("SCRAM-SHA-256", password="wr0ng-word")),
        (REFUSES, "invalid credentials", "KAFKA_SASL_PASSWORD"),
    ),
    "an unknown user": Case(
        LOGIN,
        lambda w: trusting(w, by_password("SCRAM-SHA-512", "nobody")),
        (REFUSES, "invalid credentials", "KAFKA_SASL_USERNAME"),
    ),
    "TLS not spoken to the broker": Case(
        "right", lambda w: IN_THE_CLEAR, (OTHER, "answers in TLS", PROTOCOL)
    ),
    "a login in the clear to TLS": Case(
        LOGIN,
        lambda w: by_password("PLAIN", protocol="SASL_PLAINTEXT"),
        (OTHER, "answers in TLS", PROTOCOL),
    ),
    "TLS where none is spoken": Case(
        PLAIN, lambda w: by_tls(w.ours), (AWAY, "speaks no TLS", PROTOCOL), is_refusal=False
    ),
    "a login where none is wanted": Case(
        "right", lambda w: trusting(w, by_password("PLAIN")), (OTHER, "IllegalSaslState", PROTOCOL)
    ),
    "no login where one is wanted": Case(
        LOGIN, lambda w: by_tls(w.ours), (AWAY, "wants a login by SASL", PROTOCOL), is_refusal=False
    ),
    "none in the clear, either": Case(
        PLAIN_LOGIN,
        lambda w: IN_THE_CLEAR,
        (AWAY, "wants a login by SASL", PROTOCOL),
        is_refusal=False,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_wrong_is_told_within_seconds(
    called: Callable[..., Done], tls_broker: TlsBroker, world: World, case: Case
) -> None:
    began = time.monotonic()
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[case.listener]}
    done = called("topics", "create", **at, **case.settings(world))
    assert time.monotonic() - began < SECONDS
    assert done.exit_code == 5
    assert done.error["code"] == ("login_refused" if case.is_refusal else "unreachable")
    check_error(done, case.words)


@pytest.mark.parametrize(
    "command",
    [
        "topics create",
        "events publish {archive} --yes",
        "events export --out {folder}/out.jsonl",
        "run --until-idle 0",
        "reconcile --against topics",
        "replay --dry-run",
        "positions reset --to earliest --yes --reason none",
    ],
)
def test_every_command_tells_it(
    called: Callable[..., Done],
    tls_broker: TlsBroker,
    world: World,
    tmp_path: Path,
    command: str,
) -> None:
    archive = tmp_path / "empty.jsonl"
    archive.write_text("")
    began = time.monotonic()
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses["right"]}
    words = command.format(archive=archive, folder=tmp_path).split()
    done = called(*words, **at, **by_tls(world.other))
    assert time.monotonic() - began < SECONDS
    assert done.exit_code == 5, done.stdout + done.stderr
    assert "KAFKA_SSL_CAFILE must name" in done.error_text


def test_status_and_doctor_tell_it_and_the_rest(
    called: Callable[..., Done], tls_broker: TlsBroker, world: World
) -> None:
    wrong = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses["right"], **by_tls(world.other)}
    status, doctor = called("status", **wrong), called("doctor", **wrong)
    assert (status.exit_code, doctor.exit_code) == (0, 3)
    assert UNTRUSTED in status.json["attention"][0]
    (found,) = [item for item in doctor.items if item["id"] == "kafka"]
    assert found["status"] == "fail"
    assert UNTRUSTED in found["detail"]
    assert "KAFKA_SSL_CAFILE must name" in found["fix"]


def test_a_pass_phrase_that_opens_no_key_is_refused(
    called: Callable[..., Done], tls_broker: TlsBroker, world: World
) -> None:
    locked = world.ours.client("worker", label="shut", pass_phrase=PASS_PHRASE)
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[MUTUAL]}
    done = called("topics", "create", **at, **by_tls(world.ours), **showing(locked, "wr0ng-word"))
    assert done.exit_code == 2
    assert "KAFKA_SSL_KEY_PASSWORD does not open" in done.error_text
    assert "wr0ng-word" not in done.stderr


def test_a_token_that_is_refused_names_its_settings(
    called: Callable[..., Done], tls_broker: TlsBroker, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(token_for("worker", -60))
    login = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
        "KAFKA_SASL_OAUTH_TOKEN_FILE": str(file),
    }
    at = {"KAFKA_BOOTSTRAP_SERVERS": tls_broker.addresses[LOGIN]}
    done = called("topics", "create", **at, **trusting(world, login))
    assert done.exit_code == 5
    assert "invalid_token" in done.error_text
    assert "KAFKA_SASL_OAUTH_TOKEN_FILE" in done.error_text

"""Logins by SCRAM: how a user is named, and which answers are those of somebody who knows him."""

import base64
import hashlib
import hmac

import pytest
from kafka.errors import SaslAuthenticationFailedError

from sync_worker.streams.kafka.scram import ScramLogin, UnprovenBroker

PASSWORD = "h3mligt-ord"
ITERATIONS = 4096


def begun(user="worker"):
    """A login that has said who logs in, and what it said."""
    login = ScramLogin(
        sasl_plain_username=user,
        sasl_plain_password=PASSWORD,
        sasl_mechanism="SCRAM-SHA-256",
        security_protocol="SASL_SSL",
    )
    return login, login.auth_bytes().decode()


def challenge(said, iterations=str(ITERATIONS)):
    nonce = said.partition("r=")[2]
    return f"r={nonce}more,s={base64.b64encode(b'salt').decode()},i={iterations}".encode()


def signature(said, challenged, password):
    """What a broker that keeps this password of the user ends the login with (RFC 5802, 3)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", ITERATIONS)
    key = hmac.digest(salted, b"Server Key", "sha256")
    nonce = challenged.decode().partition(",")[0]
    exchange = f"{said.removeprefix('n,,')},{challenged.decode()},c=biws,{nonce}"
    return b"v=" + base64.b64encode(hmac.digest(key, exchange.encode(), "sha256"))


def test_a_broker_that_knows_the_password_is_accepted():
    login, said = begun()
    challenged = challenge(said)
    assert not login.receive(challenged)
    assert login.receive(signature(said, challenged, PASSWORD))
    assert login.is_authenticated()


def test_a_broker_that_does_not_know_it_is_found_out():
    login, said = begun()
    challenged = challenge(said)
    login.receive(challenged)
    with pytest.raises(UnprovenBroker, match="signature is wrong"):
        login.receive(signature(said, challenged, "another"))
    assert not login.is_authenticated()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"r=another,s=c2FsdA==,i=4096",
        b"s=c2FsdA==,i=4096",
    ],
)
def test_an_answer_to_another_login_is_found_out(answer):
    login, _ = begun()
    with pytest.raises(UnprovenBroker, match="answer is wrong"):
        login.receive(answer)


@pytest.mark.parametrize("iterations", ["many", "0", "99999999"])
def test_a_challenge_beyond_reason_is_found_out(iterations):
    login, said = begun()
    with pytest.raises(UnprovenBroker, match="answer is wrong"):
        login.receive(challenge(said, iterations))


def test_an_error_instead_of_a_signature_is_a_refusal():
    login, said = begun()
    login.receive(challenge(said))
    with pytest.raises(SaslAuthenticationFailedError):
        login.receive(b"e=invalid-proof")


@pytest.mark.parametrize(
    ("user", "sent"), [("a,b=c", "a=2Cb=3Dc"), ("=2C", "=3D2C"), ("åsa", "åsa")]
)
def test_a_name_is_sent_as_rfc_5802_has_it(user, sent):
    _, said = begun(user)
    assert said.startswith(f"n,,n={sent},r=")

"""Logins by SCRAM (RFC 5802), where the client's own falls short of it.

It sends a user's name as it is, and takes a broker that does not know the password for one that is
unavailable.
"""

from typing import Any

from kafka.errors import KafkaConnectionError, SaslAuthenticationFailedError
from kafka.net.sasl import register_sasl_mechanism
from kafka.net.sasl.scram import SaslMechanismScram, ScramClient

_SERVER_ERROR = b"e="


class UnprovenBroker(KafkaConnectionError):
    """What answers does not prove that it knows the password of the user that logs in."""


class ScramLogin(SaslMechanismScram):
    """One login: what is sent, and whether the answers are those of somebody who knows the user."""

    def __init__(self, **config: Any) -> None:
        name = _saslname(config["sasl_plain_username"])
        super().__init__(**{**config, "sasl_plain_username": name})

    def receive(self, auth_bytes: bytes) -> bool:
        """Whether the login is done.

        Raises:
            SaslAuthenticationFailedError: the broker says that it refuses the login.
            UnprovenBroker: the answer is not one of SCRAM, or has a wrong signature.
        """
        if auth_bytes.startswith(_SERVER_ERROR):
            raise SaslAuthenticationFailedError("the broker ends the login by SCRAM with an error")
        try:
            return bool(super().receive(auth_bytes))
        except (KeyError, ValueError) as error:
            why = "its signature is wrong" if "signature" in str(error) else "its answer is wrong"
            raise UnprovenBroker(
                f"it does not prove by SCRAM that it knows this user's password: {why}"
            ) from None


def use() -> None:
    """Have the clients of this process log in so."""
    for name in ScramClient.MECHANISMS:
        register_sasl_mechanism(name, ScramLogin, overwrite=True)


def _saslname(name: str) -> str:
    """A user's name as it is sent: a comma and an equals sign would end it (RFC 5802, 5.1)."""
    return name.replace("=", "=3D").replace(",", "=2C")

"""How the clients connect: with what is good now, and with an ear for the answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLError
from typing import Any

from kafka.errors import (
    AuthorizationError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl.oauth import AbstractTokenProvider

from sync_worker.login_backoff import LoginBackoff
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable

# What became of the tries to connect to a cluster, for all clients of this process together. The
# client itself tries again and again, raises at last that its time is over, and tells the reason
# to its log alone. Here the reason is kept, with the host that it is about. A cluster that is
# there and refuses us is another thing than one that is away: it is tried ever more slowly.


FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError)
"""What a file of a login that cannot be read now ends in."""


class UnusableFiles(KafkaConnectionError):
    """A certificate or a key cannot be used now, as while they are being exchanged."""


_REFUSALS = (
    *FILE_ERRORS,
    AuthorizationError,
    IllegalSaslStateError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    UnusableFiles,
)
_TLS = re.compile(r"\[(?:SSL|X509|PEM)[:\w ]*\](?!.*EOF)")
"""What OpenSSL says of the other side's answer; one that just ends tells nothing."""


def is_refusal(error: BaseException) -> bool:
    """Whether an error says that the other side was there, and did not have us."""
    return isinstance(error, _REFUSALS) or bool(_TLS.search(str(error)))


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """Why the last connection to an address failed."""

    address: str
    is_advertised: bool
    """The address is one that the brokers themselves gave, and no setting."""
    error: BaseException

    @property
    def is_refusal(self) -> bool:
        """Whether the other side was there, and did not have us."""
        return is_refusal(self.error)

    def __str__(self) -> str:
        if self.is_refusal:
            return f"{self.address} answers, and no connection can be made: {self.error}"
        if not self.is_advertised:
            return f"the last try, of {self.address}, failed with {self.error}"
        return (
            f"a broker tells clients to reach it at {self.address}, which fails here with "
            f"{self.error}: its advertised.listeners must have an address that this machine reaches"
        )


class ConnectionAttempts:
    """The last failure of each address, until it can be connected to; usable from any thread."""

    def __init__(self, refusals: LoginBackoff | None = None) -> None:
        self.refusals = refusals or LoginBackoff()
        self._failures: dict[str, ConnectionFailure] = {}

    def __reduce__(self) -> tuple[type["ConnectionAttempts"], tuple[()]]:
        """Another process has connections of its own, and begins without ours."""
        return ConnectionAttempts, ()

    @property
    def refusal(self) -> ConnectionFailure | None:
        """The last refusal, where we are refused."""
        refusals = [failure for failure in [*self._failures.values()] if failure.is_refusal]
        return refusals[-1] if refusals and self.refusals.since else None

    def is_refused_by(self, address: str) -> bool:
        """Whether the last try of this address was refused."""
        failure = self._failures.get(address)
        return failure is not None and failure.is_refusal

    def failed(self, failure: ConnectionFailure) -> None:
        """Keep why."""
        self._failures.pop(failure.address, None)
        self._failures[failure.address] = failure
        if failure.is_refusal:
            self.refusals.refused(str(failure))

    def succeeded(self, address: str) -> None:
        """Forget what was wrong with the address: we are let in."""
        self._failures.pop(address, None)
        self.refusals.accepted()

    def told(self) -> str | None:
        """That we are refused, since when and why; None where we are not."""
        since, refusal = self.refusals.since, self.refusal
        if since is None or refusal is None:
            return None
        return f"Kafka refuses us since {since:%Y-%m-%dT%H:%M:%SZ}: {refusal}"

    def away(self, error: BaseException, before: str = "") -> StreamUnavailable:
        """What to raise where no answer came: away, or refused, and why."""
        failures = list(self._failures.values())
        refusal = self.refusal
        last = (
            refusal
            or next((f for f in failures if f.is_advertised), None)
            or (failures[-1] if failures else None)
        )
        said = f"{before}{error}; {last}" if last else f"{before}{error}"
        if refusal is None:
            return StreamUnavailable(said)
        return StreamRefused(f"{before}{refusal}")


@dataclass(frozen=True, slots=True)
class LoginContext:
    """What all clients of a cluster share."""

    attempts: ConnectionAttempts
    servers: frozenset[str]
    """The addresses of the settings: every other one is the brokers' own."""
    password: Callable[[], str] | None = None
    """The password as it is now, where there is one."""


class TokenProvider(AbstractTokenProvider):
    """A token for each login, asked for anew."""

    def __init__(self, token: Callable[[], str]) -> None:
        super().__init__()
        self._token = token

    def token(self) -> str:
        """The token to log in with; raises KafkaError."""
        return self._token()


class LoginManager(KafkaConnectionManager):
    """Logs in with what is good now, keeps why it failed, and tries a refusal ever more slowly."""

    def __init__(self, net: Any, *, login: LoginContext, **configs: Any) -> None:
        super().__init__(net, **configs)
        self._login = login

    def connection_delay(self, node_id: Any) -> float:
        """Who refused us is left alone for a while; what is open, and other brokers, are used."""
        delay: float = super().connection_delay(node_id)
        node, attempts = self.cluster.broker_metadata(node_id), self._login.attempts
        if node_id in self._conns or node is None or not attempts.is_refused_by(_address(node)):
            return delay
        return max(delay, attempts.refusals.wait_seconds())

    def get_connection(self, node_id: Any, *how: Any, **named: Any) -> Any:
        """Also when the login was refused: a client that begins learns of it at once."""
        refusal = self._login.attempts.refusal
        if (
            self.cluster.is_bootstrap(node_id)
            and refusal is not None
            and self.connection_delay(node_id)
        ):
            raise refusal.error.with_traceback(None)
        known = self._conns.get(node_id)
        if known is None and self._login.password is not None:
            self.config["sasl_plain_password"] = self._login.password()
        connection = super().get_connection(node_id, *how, **named)
        if connection is not known:
            self._listen(connection, self.cluster.broker_metadata(node_id))
        return connection

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        """An answer that comes with the end of the connection is read before the end is seen."""
        try:
            transport = await super()._build_transport(node, timeout_at=timeout_at)
        except (*FILE_ERRORS, SSLError) as error:
            # The client's own loops end for good with anything that is no error of Kafka.
            raise UnusableFiles(str(error)) from error
        receive = transport._sock_recv  # noqa: SLF001 - it loses what came last

        def received() -> Any:
            data, error = receive()
            return (data, None) if data else (data, error)

        transport._sock_recv = received  # noqa: SLF001
        return transport

    def _listen(self, connection: Any, node: Any) -> None:
        address = _address(node)
        attempts, is_advertised = self._login.attempts, address not in self._login.servers

        def failed(error: BaseException) -> None:
            attempts.failed(ConnectionFailure(address, is_advertised, error))

        def succeeded(_: object) -> None:
            attempts.succeeded(address)
            connection.close_future.add_errback(failed)

        connection.init_future.add_callback(succeeded)
        connection.init_future.add_errback(failed)


def _address(node: Any) -> str:
    host = f"[{node.host}]" if ":" in node.host else node.host
    return f"{host}:{node.port}"

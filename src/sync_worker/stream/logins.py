"""How the clients connect: with what is good now, and with an ear for the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLError
from typing import Any

from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl.oauth import AbstractTokenProvider

from sync_worker.stream.attempts import FILE_ERRORS, Attempts, Failure, UnusableFiles


@dataclass(frozen=True, slots=True)
class Login:
    """What all clients of a cluster share."""

    attempts: Attempts
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

    def __init__(self, net: Any, *, login: Login, **configs: Any) -> None:
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
            attempts.failed(Failure(address, is_advertised, error))

        def succeeded(_: object) -> None:
            attempts.succeeded(address)
            connection.close_future.add_errback(failed)

        connection.init_future.add_callback(succeeded)
        connection.init_future.add_errback(failed)


def _address(node: Any) -> str:
    host = f"[{node.host}]" if ":" in node.host else node.host
    return f"{host}:{node.port}"

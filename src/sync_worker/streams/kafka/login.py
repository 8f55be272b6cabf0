"""How the clients log in to a cluster, and what is known of connections that fail.

A login uses the credentials that are current. The client retries again and again, raises at last
that its time is over, and tells the reason to its log alone: here the reason is kept, with the
address. A cluster that refuses us is another thing than one that is unavailable: the login is
retried with a growing delay.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLError
from typing import Any

from kafka.cluster import collect_hosts
from kafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
)
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.net.transport import KafkaSSLTransport

from sync_worker.files import descriptors
from sync_worker.instants import to_the_second
from sync_worker.login_backoff import LoginBackoff
from sync_worker.remedies import Remedy
from sync_worker.streams.kafka.oauth_tokens import NoToken, TokenRefused, Tokens
from sync_worker.streams.kafka.refusals import (
    FILE_ERRORS,
    UnusableFiles,
    in_words,
    is_refusal,
    refusal_by,
)
from sync_worker.streams.protocol import LoginUnavailable, StreamRefused, StreamUnavailable

_WANTS_LOGIN_SECONDS = 1.0
"""A broker that wants a login ends a connection without one as soon as it is asked something."""

_GAVE_UP = "Unable to bootstrap"
"""What the client says where none of the addresses led to a broker."""


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """Why the last connection to an address failed."""

    address: str
    is_advertised: bool
    """Whether the brokers told the address (advertised.listeners), not the settings."""
    error: BaseException
    mechanism: str | None = None
    """The mechanism of the login, if there is one."""
    seems_to_want_login: bool = False
    """Whether it ended just after it was made, as where a broker wants a login and got none."""

    @property
    def is_refusal(self) -> bool:
        return is_refusal(self.error)

    @property
    def says_more(self) -> bool:
        """Whether it names more than that no answer came."""
        return self.seems_to_want_login or self.lacks_token

    @property
    def lacks_token(self) -> bool:
        """Whether the brokers were not even asked, for want of a token."""
        return isinstance(self.error, NoToken)

    def __str__(self) -> str:
        words = in_words(self.error)
        if self.lacks_token:
            return str(self.error.args[0])
        if self.is_refusal:
            return f"{self.address} answers, and no connection can be made: {words}"
        if self.seems_to_want_login:
            words = f"{words} (as by a broker that wants a login by SASL at this address)"
        if not self.is_advertised:
            return f"the last attempt, at {self.address}, failed with {words}"
        return (
            f"a broker tells clients to reach it at {self.address}, which fails here with "
            f"{words}: its advertised.listeners must have an address that this machine reaches"
        )


class ConnectionErrors:
    """The last error of each address, until a connection succeeds; usable from any thread.

    One for all clients of this process.
    """

    def __init__(self, backoff: LoginBackoff | None = None) -> None:
        self.backoff = backoff or LoginBackoff()
        self._failures: dict[str, ConnectionFailure] = {}

    def __reduce__(self) -> tuple[type["ConnectionErrors"], tuple[()]]:
        """Another process has its own connections, and starts without our errors."""
        return ConnectionErrors, ()

    @property
    def refusal(self) -> ConnectionFailure | None:
        """The last refusal, unless a login has succeeded since."""
        refusals = [failure for failure in [*self._failures.values()] if failure.is_refusal]
        return refusals[-1] if refusals and self.backoff.since else None

    def is_refused_by(self, address: str) -> bool:
        """Whether the last connection to this address was refused."""
        failure = self._failures.get(address)
        return failure is not None and failure.is_refusal

    def failed(self, failure: ConnectionFailure) -> None:
        """Keep the error; the newest comes last."""
        earlier = self._failures.pop(failure.address, None)
        # An attempt that our own time limit has cut short says less than the one before it.
        is_cut_short = isinstance(failure.error, KafkaTimeoutError)
        if is_cut_short and earlier is not None and earlier.says_more:
            failure = earlier
        self._failures[failure.address] = failure
        if failure.is_refusal:
            self.backoff.refused(str(failure))

    def succeeded(self, address: str) -> None:
        """Forget the error of this address: a connection was made, and the login accepted."""
        self._failures.pop(address, None)
        self.backoff.accepted()

    def describe_refusal(self) -> str | None:
        """Since when we are refused, and why; None where we are not."""
        since, refusal = self.backoff.since, self.refusal
        if since is None or refusal is None:
            return None
        return f"Kafka has refused us since {to_the_second(since)}: {refusal}"

    def unavailable(self, error: BaseException, prefix: str = "") -> StreamUnavailable:
        """What to raise where no answer came: that Kafka is unavailable or refuses us, and why."""
        if (refusal := self.refusal) is not None:
            meaning = refusal_by(refusal.error, refusal.mechanism)
            return StreamRefused(f"{prefix}{refusal}", meaning.message, meaning.hint)
        if (short := descriptors.shortage()) is not None:
            return StreamUnavailable(f"{prefix}{error}; {short}", hint=Remedy.RAISE_OPEN_FILES())
        failures = list(self._failures.values())
        advertised = [failure for failure in failures if failure.is_advertised]
        # A wrong advertised address explains all others: it comes first.
        cause = next(iter(advertised or failures[-1:]), None)
        if cause is None:
            return StreamUnavailable(f"{prefix}{error}")
        if cause.lacks_token:
            return LoginUnavailable(f"{prefix}{cause}")
        # That no broker was found in time, and at which addresses, follows from why.
        has_given_up = isinstance(error, KafkaTimeoutError) and _GAVE_UP in str(error)
        return StreamUnavailable(
            f"{prefix}{cause}" if has_given_up else f"{prefix}{error}; {cause}"
        )


@dataclass(frozen=True, slots=True)
class LoginContext:
    """What the connections of all clients of a cluster share."""

    errors: ConnectionErrors
    servers: frozenset[str]
    """The addresses of the settings: every other one was advertised by a broker."""
    password: Callable[[], str] | None = None
    """Gives the current password, where there is one."""
    tokens: Tokens | None = None
    """Gives the current token, where that is what is logged in with."""


class TokenProvider(AbstractTokenProvider):
    """A token, requested for each login."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        """Raises KafkaError."""
        return self._tokens()


class LoginManager(KafkaConnectionManager):
    """Logs in with the current credentials, keeps why it failed, and backs off after a refusal."""

    def __init__(self, net: Any, *, login: LoginContext, **configs: Any) -> None:
        super().__init__(net, **configs)
        self._login = login

    def connection_delay(self, node_id: Any) -> float:
        """A broker that refused us is left alone for a while; open connections are used."""
        delay: float = super().connection_delay(node_id)
        node, errors = self.cluster.broker_metadata(node_id), self._login.errors
        if node_id in self._conns or node is None or not errors.is_refused_by(_address(node)):
            return delay
        return max(delay, errors.backoff.wait_seconds())

    def get_connection(self, node_id: Any, *how: Any, **named: Any) -> Any:
        """While the backoff lasts, a new client gets the last refusal at once."""
        refusal = self._login.errors.refusal
        if (
            self.cluster.is_bootstrap(node_id)
            and refusal is not None
            and self.connection_delay(node_id)
        ):
            raise refusal.error.with_traceback(None)
        existing = self._conns.get(node_id)
        if existing is None and self._login.password is not None:
            self.config["sasl_plain_password"] = self._login.password()
        connection = super().get_connection(node_id, *how, **named)
        if connection is not existing:
            self._observe(connection, _address(self.cluster.broker_metadata(node_id)))
        return connection

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        """Have an answer that comes with the end of the connection read before the end is seen."""
        try:
            transport = await self._open(node, timeout_at)
        except (*FILE_ERRORS, SSLError) as error:
            # The client's own loops end for good with an exception that is not a KafkaError.
            raise UnusableFiles(str(error)) from error
        receive = transport._sock_recv  # noqa: SLF001 - it loses the last bytes received

        def received() -> Any:
            data, error = receive()
            return (data, None) if data else (data, error)

        transport._sock_recv = received  # noqa: SLF001
        return transport

    async def _open(self, node: Any, timeout_at: float | None) -> Any:
        """As the client does it, and closed where it fails.

        The client leaves that to the garbage collector, which a worker runs after batches alone.
        """
        if not self.ssl_enabled:
            return await super()._build_transport(node, timeout_at=timeout_at)
        config = self.config
        sock = await create_connection(
            self._net,
            node.host,
            node.port,
            config["socket_options"],
            proxy_url=config["proxy_url"],
            timeout_at=timeout_at,
        )
        options = {name: value for name, value in config.items() if name.startswith("ssl_")}
        try:
            transport = KafkaSSLTransport(self._net, sock, host=node.host, **options)
        except BaseException:
            sock.close()
            raise
        try:
            await transport.handshake()
        except Exception as error:
            transport.close()
            raise KafkaConnectionError(f"Handshake failed: {error}") from error
        return transport

    def _observe(self, connection: Any, address: str) -> None:
        """Keep how connecting ends, and an error that later closes the connection."""
        errors, is_advertised = self._login.errors, address not in self._login.servers
        mechanism: Any = self.config["sasl_mechanism"]
        has_login = connection.sasl_enabled

        def failed(error: BaseException) -> None:
            self._forget_token(error)
            errors.failed(ConnectionFailure(address, is_advertised, error, mechanism))

        def succeeded(_: object) -> None:
            made_at = time.monotonic()

            def lost(error: BaseException) -> None:
                self._forget_token(error)
                is_young = time.monotonic() - made_at < _WANTS_LOGIN_SECONDS
                wants_login = is_young and not has_login and not is_refusal(error)
                lost_by = ConnectionFailure(address, is_advertised, error, mechanism, wants_login)
                errors.failed(lost_by)

            errors.succeeded(address)
            connection.close_future.add_errback(lost)

        connection.init_future.add_callback(succeeded)
        connection.init_future.add_errback(failed)

    def _forget_token(self, error: BaseException) -> None:
        """Where it was the brokers who refused it, at the first login or at a later one."""
        is_refused = isinstance(error, SaslAuthenticationFailedError)
        if is_refused and not isinstance(error, TokenRefused) and self._login.tokens is not None:
            self._login.tokens.forget()


def addresses(servers: Sequence[str]) -> frozenset[str]:
    """Those of the settings as the client takes them: a port that is left out is Kafka's own."""
    return frozenset(_joined(host, port) for host, port, _ in collect_hosts(servers))


def _address(node: Any) -> str:
    return _joined(node.host, node.port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

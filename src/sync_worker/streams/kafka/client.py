"""The Kafka client's connections, with a timeout for every wait.

It extends classes that are not part of the client's public interface. The client waits for a TLS
handshake without a timeout (trap 11): whoever accepts a connection and says nothing would hold up a
command, or a worker's only way to a broker, for ever.
"""

import ssl
import time
from typing import Any
from weakref import WeakKeyDictionary

from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from sync_worker.streams.kafka import scram
from sync_worker.streams.kafka.login import LoginContext, LoginManager

BOOTSTRAP_TIMEOUT_SECONDS = 5.0
"""For a client to find a broker, before it reports that there is none."""
CONNECT_TIMEOUT_SECONDS = 4.0
"""For one connection, with the TLS handshake, the API versions and the login."""
ADMIN_CALL_TIMEOUT_SECONDS = 20.0
"""For one call of the admin client, with all connections and retries."""


class Client(KafkaNetClient):
    """The connections of each client of a cluster: its option `kafka_client`."""

    def __init__(self, *, login: LoginContext, **configs: Any) -> None:
        scram.use()
        timeout_ms = int(CONNECT_TIMEOUT_SECONDS * 1000)
        limits = {
            "socket_connection_setup_timeout_ms": timeout_ms,
            "socket_connection_setup_timeout_max_ms": timeout_ms,
        }
        net = _Selector(**configs)
        super().__init__(net=net, manager=_Manager(net, login=login, **configs, **limits))


class _Selector(NetworkSelector):
    """Ends a TLS handshake in which the other side falls silent."""

    def __init__(self, **configs: Any) -> None:
        super().__init__(**configs)
        self._handshake_ends: WeakKeyDictionary[ssl.SSLSocket, float] = WeakKeyDictionary()

    def wait_read(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        return super().wait_read(fileobj, timeout_at or self._handshake_end(fileobj))

    def wait_write(self, fileobj: Any, timeout_at: float | None = None) -> Any:
        return super().wait_write(fileobj, timeout_at or self._handshake_end(fileobj))

    def _handshake_end(self, fileobj: Any) -> float | None:
        """When a handshake times out, counted from its first wait; None where there is none."""
        if not isinstance(fileobj, ssl.SSLSocket) or fileobj.version() is not None:
            return None
        return self._handshake_ends.setdefault(fileobj, time.monotonic() + CONNECT_TIMEOUT_SECONDS)


class _Manager(LoginManager):
    """Gives up a request that is not answered, whatever became of its connection."""

    def get_connection(
        self, node_id: Any, timeout_ms: float | None = None, *how: Any, **named: Any
    ) -> Any:
        """Limit the time for one broker: a silent one must not use up the time for the others."""
        limit_ms = self.socket_connection_setup_timeout_ms(node_id)
        timeout_ms = limit_ms if timeout_ms is None else min(timeout_ms, limit_ms)
        return super().get_connection(node_id, timeout_ms, *how, **named)

    def bootstrap(self, timeout_ms: float | None = None, refresh: bool = True) -> None:
        """Close what a client that found no broker leaves behind: a thread and its sockets.

        The client calls this in its constructor, so that its caller has nothing to close.
        """
        try:
            super().bootstrap(timeout_ms, refresh)
        except BaseException:
            self.close()
            self._net.close()
            raise

    def run(self, coro: Any, *args: Any) -> Any:
        return super().run(
            self.wait_for, self.call_soon(coro, *args), ADMIN_CALL_TIMEOUT_SECONDS * 1000
        )

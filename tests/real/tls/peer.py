"""Something that answers in place of a server, and writes down every byte that it is sent."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TypeVar

from tests.services.certificates import Pair
from tests.services.processes import free_port

T = TypeVar("T")
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""How a client of PostgreSQL asks whether the server speaks TLS."""


@dataclass
class Peer:
    """What it shows, how it answers, and what it was sent."""

    pair: Pair | None = None
    """Its certificate; without one it speaks no TLS."""
    newest_tls: ssl.TLSVersion | None = None
    """What it speaks at the most; without it, all that there is."""
    asked_for_tls: bytes = b""
    """What it answers PostgreSQL's question whether it speaks TLS: S or N."""
    answer: bytes = b""
    """What it says, once, to what it was sent inside of TLS."""
    port: int = field(default_factory=free_port)
    sent: bytes = b""
    """All that it was sent, as it went over the network."""
    deciphered: bytes = b""
    """All that it was sent inside of TLS."""
    connections: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def meet(self, client: socket.socket) -> None:
        """Hear one client to its end."""
        self.connections += 1
        client.settimeout(5)
        if self.asked_for_tls:
            self.sent += client.recv(len(_SSL_REQUEST))
            client.sendall(self.asked_for_tls)
        if self.pair is None:
            self.sent += client.recv(65536)
        else:
            self._meet_in_tls(client, self.pair)

    def _meet_in_tls(self, client: socket.socket, pair: Pair) -> None:
        arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context(pair).wrap_bio(arriving, leaving, server_side=True)

        def done(step: Callable[[], T]) -> T:
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    client.sendall(leaving.read())
                    data = client.recv(65536)
                    self.sent += data
                    if data:
                        arriving.write(data)
                    else:
                        arriving.write_eof()  # the next step fails by it

        try:
            done(tls.do_handshake)
        except ssl.SSLError:
            client.sendall(leaving.read())  # the alert that says why
            raise
        self.deciphered += done(tls.read)
        if self.answer:
            tls.write(self.answer)
        while data := done(tls.read):
            self.deciphered += data

    def _context(self, pair: Pair) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.both)
        if self.newest_tls is not None:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # which versions before 1.2 want
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, self.newest_tls
        return context


@contextmanager
def listening(peer: Peer) -> Iterator[Peer]:
    """It answers on its port, one client after the other."""
    with socket.create_server(("127.0.0.1", peer.port)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:  # it was closed
                    return
                with client:
                    try:
                        peer.meet(client)
                    except (OSError, ssl.SSLError):  # the client went away, or refused us
                        continue

        thread = Thread(target=serve)
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()

"""A way to the database that breaks at a chosen moment."""

import re
import socket
import struct
import threading
from contextlib import suppress
from enum import Enum
from typing import Self

_RESET = struct.pack("ii", 1, 0)
LOCKS_POSITIONS = re.compile(rb"\bposition\b.*FOR UPDATE", re.DOTALL)
LOCKS_CLINICS = re.compile(rb"\bclinic\b.*FOR UPDATE", re.DOTALL)
_COMMIT = b"COMMIT\0"  # with its end: transactions begin as READ COMMITTED


class Cut(Enum):
    """Where a connection is reset, on the way of one COMMIT."""

    BEFORE = "the server never hears of the commit"
    AFTER = "the server commits, and its answer is lost"
    NEVER = "the server commits, and the client waits for its answer for ever"


class Proxy:
    """Passes on what clients and server say, until it is told to do worse."""

    def __init__(self, host: str, port: int, locks: re.Pattern[bytes] = LOCKS_POSITIONS) -> None:
        """`locks` is what the transactions say whose commits can be cut."""
        self._server = (host, port)
        self.locks = locks
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._wanted: list[Cut] = []
        self.cuts = 0
        """How many connections were reset at a commit so far."""
        self.flows = threading.Event()
        """Cleared, nothing is passed on: a network that drops every packet."""
        self.flows.set()
        self.held = 0
        """How often something came that was not passed on at once."""
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self.flows.set()
        self.cut_all()

    def cut_at_commits(self, *cuts: Cut) -> None:
        """Reset the connection at each of the next such commits, one after the other."""
        with self._lock:
            self._wanted.extend(cuts)

    def lead_to(self, host: str, port: int) -> None:
        """Lead to another server from now on, as an address does that moves with the primary."""
        self._server = (host, port)
        self.cut_all()

    def cut_all(self) -> None:
        """Reset every connection now."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.reset()

    def next_cut(self) -> Cut | None:
        """What is to happen to such a transaction that is to be committed."""
        with self._lock:
            return self._wanted.pop(0) if self._wanted else None

    def pass_on(self) -> None:
        """Wait until things may be passed on."""
        if not self.flows.is_set():
            self.held += 1
            self.flows.wait()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server)
        except OSError:
            client.close()
            return
        with self._lock:
            self._links.append(_Link(self, client, server))


class _Link:
    """One client's connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._is_mute = False
        self._is_meant = False
        self._answered = threading.Event()
        for passing in (self._questions, self._answers):
            threading.Thread(target=passing, daemon=True).start()

    def reset(self) -> None:
        reset(self._client)
        reset(self._server)

    def _questions(self) -> None:
        with suppress(OSError):
            while said := self._client.recv(1 << 16):
                self._proxy.pass_on()
                # A worker's reports and samples have connections of their own, which write none.
                self._is_meant |= self._proxy.locks.search(said) is not None
                is_commit = self._is_meant and _COMMIT in said
                cut = self._proxy.next_cut() if is_commit else None
                if cut is not None:
                    self._cut(cut, said)
                    return
                self._server.sendall(said)
        self.reset()

    def _answers(self) -> None:
        with suppress(OSError):
            while said := self._server.recv(1 << 16):
                self._proxy.pass_on()
                if self._is_mute:
                    self._answered.set()
                else:
                    self._client.sendall(said)
        self.reset()

    def _cut(self, cut: Cut, said: bytes) -> None:
        if cut is not Cut.BEFORE:
            self._is_mute = True
            self._server.sendall(said)
            self._answered.wait(10)
        self._proxy.cuts += 1
        if cut is not Cut.NEVER:
            self.reset()


def reset(end: socket.socket) -> None:
    """Close one end of a connection as if its process had died."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RD)
    end.close()

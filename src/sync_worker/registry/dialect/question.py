"""Asks a PostgreSQL server, on a connection of its own, whether it is there."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Any

import psycopg

_NO_GREETING_SECONDS = 4.0
"""A server that does not even greet by then is silent: less than the time-out of connecting."""
_NO_ANSWER_SECONDS = 60.0
"""The same for one that greets: a pooler, which may be waiting for a session itself."""
_GOOD_FOR_SECONDS = 4.0

Driver = psycopg.Connection[Any]


class Question(Thread):
    """One question, asked by `start`."""

    def __init__(self, connect: Callable[[], Driver]) -> None:
        super().__init__(name="is-the-database-there", daemon=True)
        self._connect = connect
        self._driver: Driver | None = None
        self.asked_at = time.monotonic()
        self.is_answered = False

    def run(self) -> None:
        try:
            self._driver = self._connect()
            self._driver.execute("SELECT 1")
            self._driver.close()
        except psycopg.errors.ConnectionTimeout:
            return
        except psycopg.Error:
            pass  # a refusal is an answer too
        self.is_answered = True

    def is_in_vain(self, now: float) -> bool:
        """Whether it has waited for an answer for too long."""
        limit = _NO_GREETING_SECONDS if self._driver is None else _NO_ANSWER_SECONDS
        return not self.is_answered and now - self.asked_at > limit

    def is_due_again(self, now: float) -> bool:
        """Whether it was answered, and so long ago that the answer may not hold any more."""
        return self.is_answered and now - self.asked_at > _GOOD_FOR_SECONDS

    def give_up(self) -> None:
        """Wait for no answer any more."""
        if self._driver is not None:
            shut(self._driver)


def way_to_server_of(driver: Driver, connecting: Mapping[str, Any]) -> Callable[[], Driver]:
    """What connects to the very server that a connection is to, of several in an address."""
    server: dict[str, Any] = {"host": driver.info.host, "port": driver.info.port}
    if driver.info.hostaddr:
        server["hostaddr"] = driver.info.hostaddr
    return lambda: psycopg.connect(**{**connecting, **server})


def shut(driver: Driver) -> None:
    """Have the call that a connection is in fail, or the next one, as if the other end had gone."""
    closed = suppress(OSError, psycopg.Error)  # meanwhile, by whoever it belongs to
    with closed, socket.socket(fileno=os.dup(driver.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)

"""Notices when records become visible in PostgreSQL: a trigger tells, once the worker commits.

A notification is delivered after the commit of the transaction that sent it. So what is measured
includes the trigger, the commit as others see it, and the way of the notification.
"""

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf
from threading import Event, Thread

import psycopg

from bench.publishing import Address

_TRIGGER = """
CREATE FUNCTION tell_bench() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench', concat_ws(
        ' ', NEW.topic, NEW.partition, NEW.next_offset, pg_current_xact_id()
    ));
    RETURN NULL;
END $$;
CREATE TRIGGER tell_bench AFTER INSERT OR UPDATE ON position
    FOR EACH ROW EXECUTE FUNCTION tell_bench();
"""
_LOOK_SECONDS = 0.2


class Commits:
    """When each partition was read how far, as another session learns it."""

    def __init__(self) -> None:
        self._transactions: set[str] = set()
        self._reached: dict[tuple[str, int], list[tuple[int, float]]] = {}

    @property
    def transactions(self) -> int:
        """How many there were."""
        return len(self._transactions)

    def add(self, payload: str, at: float) -> None:
        """Take what the trigger told, and when that came."""
        topic, partition, next_offset, transaction = payload.split(" ")
        self._transactions.add(transaction)
        reached = self._reached.setdefault((topic, int(partition)), [])
        reached.append((int(next_offset), at))

    def visible_at(self, address: Address) -> float:
        """When a record became visible; infinity where it has not yet."""
        topic, partition, offset = address
        reached = self._reached.get((topic, partition), [])
        place = bisect_right(reached, offset, key=lambda found: found[0])
        return reached[place][1] if place < len(reached) else inf

    def wait_for(self, addresses: Iterable[Address], seconds: float) -> None:
        """Wait until all are visible; TimeoutError where that takes too long."""
        deadline = time.monotonic() + seconds
        missing = set(addresses)
        while missing := {address for address in missing if self.visible_at(address) == inf}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} records were not committed in {seconds} s")
            time.sleep(_LOOK_SECONDS)


@contextmanager
def heard(database_url: str) -> Iterator[Commits]:
    """The commits in a database that are heard of while inside."""
    commits, is_over = Commits(), Event()

    def listen(connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not is_over.is_set():
            for notice in connection.notifies(timeout=_LOOK_SECONDS):
                commits.add(notice.payload, time.time())

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_TRIGGER)
        connection.execute("LISTEN bench")
        listener = Thread(target=listen, args=(connection,), daemon=True)
        listener.start()
        try:
            yield commits
        finally:
            is_over.set()
            listener.join()

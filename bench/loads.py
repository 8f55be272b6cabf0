"""What the worker is measured with: the events of so many clinics, and who of them is registered.

With nothing registered, the worker only keeps facts. With everything on, a third of the clinics is
registered: each change of theirs is logged, and each departure is decided by the guard.
"""

from functools import cached_property
from itertools import islice
from typing import Any

import psycopg
from tests.worlds.fold import Fold

from bench import say, stream
from bench.running import Run
from bench.sink.sink import Sink, check
from bench.world import GUARDED, World

LOG_ENTRIES = 120_000
"""In the change log of what has everything on, before it reads the first event."""


class Load:
    """Topics with events of so many clinics, and databases to read them into.

    Each run has a database of its own, is checked, and raises RuntimeError where what it wrote is
    wrong.
    """

    def __init__(self, world: World, events: int, clinics: int) -> None:
        self._world = world
        self._events = events
        self._clinics = clinics
        say(f"Preparing {clinics} clinics, and the same with a third of them registered.")
        self._prepared = world.databases.prepare(clinics, LOG_ENTRIES)
        say(f"Publishing {events} events of them to two topics of six partitions each.")
        self._topics = world.publish("all", stream.events(events, clinics))
        self._nothing = world.publish("nothing", ())

    def worker(self, *, everything_on: bool, **how: Any) -> Run:
        """So many workers at once, or as `World.worker` is told, read all events."""
        database_url = self._copy(everything_on=everything_on)
        run = self._world.worker(self._topics, database_url, GUARDED, **how)
        _require(run, self._events)
        self._check(database_url, everything_on=everything_on)
        self._world.databases.drop(database_url)
        return run

    def idle_worker(self, *, everything_on: bool, **how: Any) -> Run:
        """The same with no event there."""
        database_url = self._copy(everything_on=everything_on)
        run = self._world.worker(self._nothing, database_url, GUARDED, **how)
        self._world.databases.drop(database_url)
        return run

    def sampled_worker(self, *, everything_on: bool) -> list[str]:
        """The stacks of a worker that reads all events, as `World.sampled` gives them."""
        database_url = self._copy(everything_on=everything_on)
        samples = self._world.sampled(self._topics, database_url, GUARDED)
        self._world.databases.drop(database_url)
        return samples

    def one_by_one(self, count: int) -> Run:
        """A worker whose transactions have one event each reads some of the events."""
        few = islice(stream.events(self._events, self._clinics), count)
        topics = self._world.publish("few", few)
        database_url = self._copy(everything_on=False)
        alone = GUARDED | {"SYNC_WORKER_BATCH_MAX_RECORDS": "1"}
        run = self._world.worker(topics, database_url, alone)
        self._world.databases.drop(database_url)
        return _require(run, count)

    def drain(self, *, on_one_processor: bool) -> Run:
        """The bare client reads all events."""
        run = self._world.drain(self._topics, on_one_processor=on_one_processor)
        return _require(run, self._events)

    def idle_drain(self, *, on_one_processor: bool) -> Run:
        """The same with no event there."""
        return self._world.drain(self._nothing, on_one_processor=on_one_processor)

    def sink(self, sink: Sink, *, on_one_processor: bool) -> Run:
        """The sink reads all events."""
        database_url = self._world.databases.empty()
        run = sink.run(self._topics, database_url, on_one_processor=on_one_processor)
        check(database_url, self._events, self._clinics)
        self._world.databases.drop(database_url)
        return _require(run, self._events)

    def idle_sink(self, sink: Sink, *, on_one_processor: bool) -> Run:
        """The same with no event there."""
        database_url = self._world.databases.empty()
        run = sink.run(self._nothing, database_url, on_one_processor=on_one_processor)
        self._world.databases.drop(database_url)
        return run

    def _copy(self, *, everything_on: bool) -> str:
        prepared = self._prepared
        name = prepared.registered if everything_on else prepared.nothing_registered
        return self._world.databases.copy(name)

    def _check(self, database_url: str, *, everything_on: bool) -> None:
        """Speed counts only where the registry is what an independent fold of the events says."""
        topics = [list(self._topics.names)]
        with psycopg.connect(database_url) as connection:
            rows = connection.execute("SELECT hsa_id, active, region_code, name FROM clinic")
            registry = {hsa_id: tuple(values) for hsa_id, *values in rows}
            counted = connection.execute(_COUNTED, topics).fetchone()
            logged = connection.execute(_LOGGED, topics).fetchone()
            held = connection.execute("SELECT count(*) FROM held_fact").fetchone()
        if registry != self._rows:
            raise RuntimeError("the registry is not what the events say")
        if counted != (self._events,):
            raise RuntimeError(f"{counted} of {self._events} events were counted")
        if held != (0,) or (logged != (0,)) != everything_on:
            raise RuntimeError(f"{logged} entries were logged, and {held} facts held")

    @cached_property
    def _rows(self) -> dict[str, tuple[Any, ...]]:
        fold = Fold()
        for event in stream.first_activations(self._clinics):
            fold.read(event)
        for event in stream.events(self._events, self._clinics):
            fold.read(event)
        return fold.rows()


_COUNTED = """
    SELECT sum(applied + superseded + ignored + dead_lettered)::bigint FROM position
    WHERE topic = ANY(%s)
"""
_LOGGED = "SELECT count(*) FROM change_log WHERE topic = ANY(%s)"


def _require(run: Run, events: int) -> Run:
    if run.read != events:
        raise RuntimeError(f"{run.read} events were read, not {events}")
    return run

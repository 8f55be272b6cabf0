"""A run of the sink into a database of its own, and whether what it wrote is right."""

from pathlib import Path
from uuid import uuid4

import psycopg
from tests.services import jars, processes

from bench import stream
from bench.publishing import Topics
from bench.running import Run, inherited
from bench.sink import settings
from bench.world import World

_POM = Path(__file__).with_name("pom.xml")


class Sink:
    """What runs on the same broker and server as the worker.

    Raises:
        NoJars: its jars cannot be had here.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._class_path = jars.of_dependencies(_POM, jars.BUILD / "debezium-jars")

    def run(self, topics: Topics, database_url: str, *, on_one_processor: bool = False) -> Run:
        """Read all that there is, and end."""
        name = f"bench-{uuid4().hex[:8]}"
        connect, sink = (self._world.folder / f"{part}.properties" for part in ("connect", "sink"))
        of_connect = settings.of_connect(
            self._world.bootstrap, processes.free_port(), self._world.folder / "sink.offsets"
        )
        connect.write_text(settings.as_properties(of_connect))
        of_sink = settings.of_sink(name, topics, database_url)
        sink.write_text(settings.as_properties(of_sink))
        what = [self._world.bootstrap, f"connect-{name}", ",".join(topics.names)]
        return self._world.runner.measured(
            [*what, *settings.command(self._class_path, connect, sink)],
            inherited(),
            on_one_processor=on_one_processor,
            module="bench.sink.measured",
        )


def check(database_url: str, events: int, clinics: int) -> None:
    """Each clinic of the events has one row, which is the last event of one of its two topics.

    Which of the two that is, depends on which topic was read last: the sink compares no versions.
    """
    last: dict[str, dict[bool, str]] = {}
    for event in stream.events(events, clinics):
        is_move = "region-changed" in event["type"]
        last.setdefault(event["data"]["hsaId"], {})[is_move] = event["id"]
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT hsa_id, id FROM clinic").fetchall()
    rows: dict[str, str] = dict(found)
    if rows.keys() != last.keys():
        raise RuntimeError(f"the sink wrote {len(rows)} rows, not {len(last)}")
    wrong = [hsa_id for hsa_id, event_id in rows.items() if event_id not in last[hsa_id].values()]
    if wrong:
        raise RuntimeError(f"the sink wrote what is not the last event of {wrong[:5]}")

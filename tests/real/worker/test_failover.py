"""A standby takes over under the workers: what it lacks is read again, and nothing but that."""

import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import psycopg
import pytest

from tests.builders import deactivated
from tests.real.worker.proxy import Proxy
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import CLINICS, REGISTERED, anything, meanwhile, opening
from tests.services import finding
from tests.services.broker import Broker
from tests.services.postgres import NativePostgres, create_database
from tests.services.replication import Replication
from tests.services.waiting import until


@dataclass
class Pair:
    """A stage on a primary with a standby."""

    stage: Stage
    servers: Replication

    def fall_behind(self, records: int) -> None:
        """The standby receives nothing more, and the workers read so many records since."""
        self.servers.fall_behind()
        self.stage.until_read(self.stage.read() + records)

    def until_all_read(self, *workers: Running) -> None:
        """Each worker has partitions, and none is handed on: what is lost is told by its reader."""
        # The one that began first can have read everything before the others have any partition.
        until(lambda: all(each.logged("assigned") for each in workers), "all to have partitions")
        until(lambda: not any(each.reasons() for each in workers), "all to be members")

    def ended_well(self, *workers: Running) -> None:
        """The workers read everything by themselves, and it comes to what the logs say."""
        self.stage.until_read(len(self.stage.records()))
        assert self.stage.contents() == self.stage.expected(REGISTERED)
        places = self.stage.positions()
        until(lambda: self.stage.group_offsets() == places, "the group to be told the positions")
        self.stage.until_ready(*workers)
        for worker in workers:
            assert worker.stop() == 0, worker.output


def made(servers: Replication, broker: Broker, folder: Path) -> Iterator[Pair]:
    try:
        create_database(servers.primary.url, "registry")
        stage = Stage(folder, broker.bootstrap, servers.url("registry"))
        stage.create_topics()
        assert stage("db", "upgrade").exit_code == 0
        stage.register(REGISTERED)
        stage.send_events(opening())
        try:
            yield Pair(stage, servers)
        finally:
            stage.end_all()
    finally:
        servers.remove()


@pytest.fixture
def synchronous(broker: Broker, tmp_path: Path) -> Iterator[Pair]:
    """A standby that each commit waits for."""
    yield from made(finding.replication(synchronous=True), broker, tmp_path)


@pytest.fixture
def lagging(broker: Broker, tmp_path: Path) -> Iterator[Pair]:
    """A standby that no commit waits for."""
    yield from made(finding.replication(synchronous=False), broker, tmp_path)


def address_of(server: NativePostgres) -> tuple[str, int]:
    parsed = psycopg.conninfo.conninfo_to_dict(server.url)
    return str(parsed["host"]), int(str(parsed["port"]))


def sending(stage: Stage, seed: int, is_over: Event) -> None:
    while not is_over.wait(0.1):
        seed += 1
        stage.send_events(anything(seed, 60))


def test_a_synchronous_standby_takes_over_with_nothing_missing(synchronous: Pair) -> None:
    stage, servers = synchronous.stage, synchronous.servers
    with Proxy(*address_of(servers.primary)) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/registry"
        with meanwhile(partial(sending, stage, 100)):
            workers = [stage.start(DATABASE_URL=url, BATCH_MAX_RECORDS="20") for _ in range(2)]
            stage.until_read(300)
            servers.fail_over()
            proxy.lead_to(*address_of(servers.standby))
            stage.until_read(stage.read() + 200)
        synchronous.ended_well(*workers)
    assert [worker.logged("registry_went_back") for worker in workers] == [[], []]


def test_what_a_lagging_standby_lacks_is_read_again(lagging: Pair) -> None:
    stage = lagging.stage
    with meanwhile(partial(sending, stage, 200)):
        workers = [stage.start(BATCH_MAX_RECORDS="20") for _ in range(2)]
        lagging.until_all_read(*workers)
        stage.until_read(200)
        lagging.fall_behind(200)
        lagging.servers.fail_over()
        stage.until_read(stage.read() + 300)
    lagging.ended_well(*workers)
    assert sum(worker.lost_records() for worker in workers) >= 200


def test_a_quiet_topic_is_read_up_again_unasked(lagging: Pair) -> None:
    stage = lagging.stage
    stage.send_events(anything(301, 400))
    worker = stage.caught_up()
    contents, places = stage.contents(), stage.positions()
    lagging.servers.fall_behind()
    stage.send_events(anything(302, 400))
    stage.until_read(len(stage.records()))
    ends = stage.positions()
    lagging.servers.fail_over()
    lagging.ended_well(worker)
    assert stage.contents() != contents
    (entry,) = worker.logged("registry_went_back")
    told = {
        (p["topic"], p["partition"]): (p["from_offset"], p["to_offset"]) for p in entry["positions"]
    }
    assert told == {
        place: (ends[place], places[place]) for place in ends if ends[place] > places[place]
    }
    assert entry["lost_records"] == 400


def test_a_worker_that_slept_through_a_failover_counts_nothing_twice(lagging: Pair) -> None:
    stage = lagging.stage
    stage.send_events(anything(401, 300))
    # No watchdog ends one that sleeps for longer than it may between two polls.
    stage.settings["KAFKA_MAX_POLL_INTERVAL_MS"] = "60000"
    workers = [stage.started() for _ in range(2)]
    stage.until_read(len(stage.records()))
    sleeper, awake = workers
    lagging.until_all_read(*workers)
    lagging.servers.fall_behind()
    stage.send_events(anything(402, 300))
    stage.until_read(len(stage.records()))
    sleeper.process.send_signal(signal.SIGSTOP)
    lagging.servers.fail_over()
    stage.send_events(anything(403, 300))
    stage.until_read(len(stage.records()), seconds=60)  # once the sleeper's session is over
    sleeper.process.send_signal(signal.SIGCONT)
    lagging.ended_well(*workers)
    assert awake.lost_records() > 0


def test_the_guard_holds_again_what_it_had_held(lagging: Pair) -> None:
    stage = lagging.stage
    stage.settings |= {"GUARD_MAX_PERCENT": "10", "GUARD_MAX_CHANGES": "3"}
    worker = stage.caught_up()
    lagging.servers.fall_behind()
    stage.send_events(deactivated(hsa_id, 9000) for hsa_id in REGISTERED[:9])
    stage.until_read(len(stage.records()))
    assert held(stage) == [("01", "open", 6)]
    lagging.servers.fail_over()
    assert held(stage) == []
    stage.until_read(len(stage.records()))
    assert held(stage) == [("01", "open", 6)]
    assert worker.lost_records() == 9
    reconciled = stage("reconcile", "--against", "topics")
    assert reconciled.exit_code == 0, reconciled.stdout


def held(stage: Stage) -> list[tuple[str, str, int]]:
    """Region, status and number of clinics of each hold."""
    rows = stage.query(
        "SELECT region_code, status, count(DISTINCT hsa_id)::int AS clinics FROM hold"
        " JOIN held_fact ON hold.id = hold_id GROUP BY hold.id"
    )
    return [tuple(row.values()) for row in rows]


def test_a_replay_does_not_vouch_for_what_a_failover_lost(lagging: Pair) -> None:
    stage = lagging.stage
    stage.send_events(anything(601, 600))
    worker = stage.caught_up()
    stage.execute("DELETE FROM clinic WHERE registered_at IS NULL")
    with closing(psycopg.connect(stage.database_url)) as other:
        other.execute("INSERT INTO clinic (hsa_id) VALUES (%s)", [CLINICS[-1]])
        replay = stage.command("replay", "--yes")
        waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: stage.query(waiting), "the replay to wait for a clinic")
        lagging.servers.fail_over()
    done = replay.ended()
    assert done.exit_code == 5, done.stderr
    assert "failed over to another server" in done.error_text
    assert "Run the same command again" in done.error_text
    assert stage("replay", "--yes").exit_code == 0
    assert stage("reconcile", "--against", "topics").exit_code == 0
    assert worker.stop() == 0, worker.output


def test_a_reconcile_across_a_failover_finds_no_drift(lagging: Pair) -> None:
    stage = lagging.stage
    stage.send_events(anything(701, 300))
    worker = stage.caught_up()
    lagging.servers.fall_behind()
    stage.send_events(anything(702, 300))
    stage.until_read(len(stage.records()))
    reconcile = stage.command("reconcile", "--against", "topics")
    lagging.servers.fail_over()
    done = reconcile.ended()
    assert done.exit_code in {0, 5}, done.stderr
    stage.until_read(len(stage.records()))
    assert stage("reconcile", "--against", "topics").exit_code == 0
    lagging.ended_well(worker)


def test_a_run_until_idle_reads_what_a_failover_lost(lagging: Pair) -> None:
    stage = lagging.stage
    stage.send_events(anything(501, 3000))
    run = stage.start("--until-idle", "3", BATCH_MAX_RECORDS="10")
    stage.until_read(200)
    lagging.fall_behind(200)
    lagging.servers.fail_over()
    done = run.ended()
    assert done.exit_code == 0, done.stderr
    assert stage.contents() == stage.expected(REGISTERED)
    assert done.json["read"] == len(stage.records()) + run.lost_records()
    assert run.lost_records() >= 200

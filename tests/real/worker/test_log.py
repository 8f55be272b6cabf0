"""The log of a daemon through staged outages, read with a parser: line by line, word for word."""

import json
import re

from sync_worker import __version__
from sync_worker.events.outcome import Outcome
from sync_worker.telemetry.log_events import LogEvent
from tests.real.worker.proxy import Proxy
from tests.real.worker.stage import Running, Stage
from tests.real.worker.streams import anything
from tests.services.broker import Broker
from tests.services.postgres import PostgresServer
from tests.services.waiting import until

SOON_SECONDS = 180
"""A broker that is started again takes its time."""
_RESULT = re.compile(r"^\{\n.*?^\}\n", re.DOTALL | re.MULTILINE)


def lines(worker: Running) -> list[dict[str, object]]:
    """Every line of stderr, each of which must be one JSON object and an event of the log.

    stdout is in the same file: the result, which has several lines. With `-o json` the error of the
    contract is the last.
    """
    parsed = [json.loads(line) for line in _RESULT.sub("", worker.output).splitlines()]
    if parsed and list(parsed[-1]) == ["error"]:
        parsed.pop()
    assert {line.get("event") for line in parsed} <= set(LogEvent), parsed
    return parsed


def events(worker: Running, name: str) -> list[dict[str, object]]:
    return [line for line in lines(worker) if line["event"] == name]


def until_logged(
    worker: Running, name: str, after: dict[str, object] | None = None, **fields: object
) -> dict[str, object]:
    """The first event of that name with these fields, once there is one; `after` another line."""

    def found() -> dict[str, object] | None:
        told = lines(worker)
        begin = 0 if after is None else told.index(after) + 1
        fitting = (line for line in told[begin:] if line["event"] == name)
        return next((line for line in fitting if fields.items() <= line.items()), None)

    line = until(found, f"the event {name}", SOON_SECONDS)
    assert line is not None
    return line


def assert_caught_up(line: dict[str, object], stage: Stage) -> None:
    """The receipt agrees with the registry, and with the log of Kafka."""
    assert line["is_continuous"] is True
    assert line["read"] == sum(int(str(line[outcome])) for outcome in Outcome)
    partitions = line["partitions"]
    assert isinstance(partitions, list)
    moved = sum(part["to"] - part["from"] for part in partitions)
    others = int(str(line["by_other_workers"])) + int(str(line["offsets_without_record"]))
    assert line["read"] == moved - others
    positions = stage.positions()
    for part in partitions:
        assert part["to"] <= positions[part["topic"], part["partition"]]
        assert part["before"] in (None, part["from"])


def test_a_start_is_told_from_beginning_to_end(opened: Stage) -> None:
    worker = opened.start(WORKER_NAME="norr-1")
    caught_up = until_logged(worker, "caught_up")
    assert_caught_up(caught_up, opened)
    assert caught_up["read"] == opened.read() == len(opened.records())
    assert worker.stop() == 0
    told = [line["event"] for line in lines(worker)]
    assert told[:2] == ["started", "not_ready"]
    assert told[-1] == "stopped"
    assert set(told) >= {"assigned", "ready"}
    named = {(line["worker"], line["version"]) for line in lines(worker)}
    assert named == {("norr-1", __version__)}
    (started,), (stopped,) = events(worker, "started"), events(worker, "stopped")
    database = started["database"]
    assert isinstance(database, dict)
    assert database["kind"] == "postgresql"
    assert database["dbname"] == opened.database_url.rpartition("/")[2]
    assert started["topics"] == [opened.activation, opened.region]
    assert (stopped["why"], stopped["signal"], stopped["read"]) == (
        "signal",
        "SIGTERM",
        caught_up["read"],
    )


def test_an_outage_of_the_database_has_a_receipt(
    stage: Stage, breakable_postgres: PostgresServer
) -> None:
    worker = stage.start()
    until_logged(worker, "ready")
    breakable_postgres.stop()
    stage.send_events(anything(seed=81, length=200))
    began = until_logged(worker, "not_ready", why="database_unavailable")
    breakable_postgres.start()
    ready = until_logged(worker, "ready", began)
    assert (ready["why"], ready["since"]) == ("database_unavailable", began["since"])
    assert int(str(ready["attempts"])) > 0
    assert_caught_up(until_logged(worker, "caught_up", ready), stage)
    stage.until_read(200)
    assert worker.stop() == 0


def test_an_outage_of_kafka_has_a_receipt(opened: Stage, breakable_broker: Broker) -> None:
    worker = opened.start()
    first = until_logged(worker, "caught_up")
    breakable_broker.kill()
    began = until_logged(worker, "not_ready", why="kafka_unavailable")
    breakable_broker.start()
    ready = until_logged(worker, "ready", began)
    assert ready["why"] == "kafka_unavailable"
    assert int(str(ready["attempts"])) > 0
    second = until_logged(worker, "caught_up", ready)
    assert second["read"] == 0 < int(str(first["read"]))
    opened.send_events(anything(seed=82, length=50))
    opened.until_read(len(opened.records()))
    assert worker.stop() == 0
    assert lines(worker)[-1]["read"] == len(opened.records())


def test_an_outage_of_both_names_both(
    opened: Stage, breakable_postgres: PostgresServer, breakable_broker: Broker
) -> None:
    worker = opened.start()
    caught_up = until_logged(worker, "caught_up")
    read = opened.read()
    breakable_broker.kill()
    breakable_postgres.stop()
    both = {"database_unavailable", "kafka_unavailable"}
    until(lambda: both <= codes(worker), "both causes to be told", SOON_SECONDS)
    verbose = json.loads(worker.probe("/readyz?verbose")[1])
    assert verbose["counts"]["read"] == read
    assert verbose["attempts"] > 0
    assert verbose["since"]
    breakable_postgres.start()
    breakable_broker.start()
    ready = until_logged(worker, "ready", caught_up)
    told = ready["codes"]
    assert isinstance(told, list)
    assert both <= set(told)
    assert_caught_up(until_logged(worker, "caught_up", ready), opened)
    assert worker.stop() == 0
    lines(worker)


def test_a_refused_login_is_named_as_such(stage: Stage) -> None:
    worker = stage.start("-v", DATABASE_URL=f"{stage.database_url}_that_is_not_there")
    until_logged(worker, "not_ready", why="database_refused")
    assert "database_refused" in codes(worker)
    until(lambda: len(worker.logged("database_refused")) >= 3, "it to be refused again")
    attempts = json.loads(worker.probe("/readyz?verbose")[1])["attempts"]
    assert attempts <= len(worker.logged("database_refused"))
    assert "does not exist" in str(until_logged(worker, "database_refused")["error"])
    assert worker.stop() == 0
    lines(worker)


def test_a_stop_beside_a_silent_database_is_told(opened: Stage, proxy: Proxy) -> None:
    opened.send_events(anything(seed=84, length=2000))
    before = opened.read()
    url = opened.through(proxy.port)
    # So long a limit of statements that the process ends before the driver gives up.
    worker = opened.start(
        DATABASE_URL=url, BATCH_MAX_RECORDS="5", KAFKA_MAX_POLL_INTERVAL_MS="60000"
    )
    opened.until_read(before + 20)
    proxy.flows.clear()
    until(lambda: proxy.held, "the worker to wait for an answer")
    assert worker.stop() == 0, worker.output
    last = lines(worker)[-1]
    assert (last["event"], last["why"], last["signal"]) == ("stopped", "signal", "SIGTERM")


def test_a_killed_worker_leaves_whole_lines_alone(opened: Stage) -> None:
    opened.send_events(anything(seed=83, length=2000))
    worker = opened.start(BATCH_MAX_RECORDS="5", LOG_LEVEL="debug")
    opened.until_read(opened.read() + 100)
    worker.kill()
    assert events(worker, "batch_applied")
    assert not events(worker, "stopped")


def test_a_refusal_is_in_the_log_and_in_the_contract(opened: Stage) -> None:
    assert opened.finish().exit_code == 0
    opened.execute("UPDATE position SET next_offset = next_offset + 1000")
    done = opened.start().ended()
    assert done.exit_code == 2
    *_, stopped, refused, contract = [json.loads(line) for line in done.stderr.splitlines()]
    assert (stopped["event"], stopped["why"]) == ("stopped", "error")
    assert refused["event"] == "refused"
    assert "sync-worker positions reset" in refused["hint"]
    assert contract["error"]["message"] == f"{refused['error']} {refused['why']}"


def codes(worker: Running) -> set[str]:
    """Why it is not ready, by the probe."""
    code, body = worker.probe("/readyz?verbose")
    return set(json.loads(body)["codes"]) if code else set()

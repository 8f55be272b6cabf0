"""An outage in the log: how it begins, what is told while it lasts, and the receipt at its end."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from tests.builders import record
from tests.worlds.worker_log import SECRET, START, P, World

from sync_worker.events.decode_result import Reason, Rejection
from sync_worker.events.outcome import Outcome
from sync_worker.pipeline.listener import (
    AheadOfClock,
    DeadLettered,
    MassChangeHeld,
    MovedWithoutBoard,
    NameDropped,
    PatientBoardNamed,
    SetBack,
    UnknownType,
)
from sync_worker.registry.errors import note_not_tried
from sync_worker.registry.positions import Counts
from sync_worker.streams.kafka.source_health import Requests
from sync_worker.streams.protocol import StreamRefused, StreamUnavailable
from sync_worker.telemetry.answer import readiness
from sync_worker.telemetry.log_events import LogEvent

READINESS = ("not_ready", "ready", "caught_up", "assigned")


@pytest.fixture
def world():
    world = World()
    world.follow()
    world.listener.database_answered()
    world.tick()
    world.forget()
    return world


def database_error(said="connection refused"):
    cause = type("OperationalError", (Exception,), {"sqlstate": "57P01"})(said)
    return OperationalError("SELECT secret", {"value": "payload"}, cause)


def fail(world, times=1, error=None):
    for _ in range(times):
        world.listener.retrying(error or database_error(), 2.0)


def test_an_outage_begins_with_what_is_known_of_it(world):
    world.end = 40
    fail(world, 3)
    world.tick()
    (line,) = world.lines("not_ready")
    assert (line["why"], line["codes"]) == ("database_unavailable", ["database_unavailable"])
    assert (line["attempts"], line["last_error"]) == (3, "connection refused")
    assert (line["behind_records"], line["behind_seconds"]) == (40, 7.0)
    assert line["level"] == "warning"


def test_an_outage_is_told_now_and_then_while_it_lasts(world):
    fail(world)
    for _ in range(3600):
        world.tick()
    seconds = [line["outage_seconds"] for line in world.lines("not_ready")]
    assert [round(each, -1) for each in seconds[1:]] == [60, 300, 900, 1800, 2700, 3600]


def test_attempts_that_fail_on_and_on_warn_now_and_then():
    world = World()
    for _ in range(1000):
        fail(world)
    levels = [line["level"] for line in world.lines("database_unavailable")]
    assert levels == ["warning"] + ["debug"] * 999


def test_another_outage_warns_again():
    world = World()
    for _ in range(2):
        fail(world, 2)
        world.listener.database_answered()
    levels = [line["level"] for line in world.lines("database_unavailable")]
    assert levels == ["warning", "debug"] * 2


def test_a_new_cause_within_an_outage_is_told(world):
    world.source["is_member"] = False
    world.tick()
    world.source["is_reachable"] = False
    world.requests = Requests(world.now - 11, world.now + 1, 4, 4, "no broker answers")
    world.tick()
    world.tick()
    first, second = world.lines("not_ready")
    assert (first["why"], second["why"]) == ("not_a_member", "kafka_unavailable")
    assert (second["attempts"], second["last_error"]) == (4, "no broker answers")


def test_ready_carries_the_receipt_of_its_outage(world):
    fail(world, 5)
    for _ in range(30):
        world.tick()
    world.listener.database_answered()
    world.end = 12
    world.tick()
    (line,) = world.lines("ready")
    assert (line["why"], line["attempts"]) == ("database_unavailable", 5)
    assert line["since"].endswith("Z")
    assert (line["behind_records"], line["behind_seconds"]) == (12, 7.0)
    assert line["level"] == "info"


def test_caught_up_says_what_was_applied_and_from_where(world):
    fail(world)
    world.tick()
    world.listener.database_answered()
    world.end = 12
    world.tick()
    world.commit(Counts(applied=6, ignored=1), 7)
    world.tick()
    assert not world.lines("caught_up")
    world.commit(Counts(superseded=3, dead_lettered=1), 5)
    world.tick()
    (line,) = world.lines("caught_up")
    assert (line["read"], line["offsets_without_record"]) == (11, 1)
    assert line["read"] == sum(line[outcome] for outcome in Outcome)
    assert line["partitions"] == [
        {"topic": P.topic, "partition": 0, "before": 0, "from": 0, "to": 12}
    ]
    assert line["is_continuous"]
    assert line["caught_up_seconds"] == 2.0


def test_a_registry_that_went_back_is_no_continuation(world):
    world.commit(Counts(applied=9), 9)
    fail(world)
    world.tick()
    world.position = 4
    world.listener.database_answered()
    world.tick()
    world.commit(Counts(applied=5), 5)
    world.tick()
    (line,) = world.lines("caught_up")
    assert not line["is_continuous"]
    assert "went back" in line["detail"]


def test_the_age_of_what_waited_is_known_once_read(world):
    fail(world)
    world.tick()
    world.listener.database_answered()
    world.end, world.age = 3, None
    world.tick()
    world.commit(Counts(applied=3), 3, written_at=world.now - 3600)
    world.tick()
    assert world.lines("ready")[0]["behind_seconds"] is None
    assert world.lines("caught_up")[0]["behind_seconds"] == 3600.0


def test_what_other_workers_applied_is_told_apart(world):
    fail(world)
    world.tick()
    world.listener.database_answered()
    world.end = 30
    world.tick()
    world.commit(Counts(applied=5), 5)
    world.position = 25
    world.commit(Counts(applied=4), 5)
    world.tick()
    (line,) = world.lines("caught_up")
    assert line["is_continuous"]
    assert (line["read"], line["by_other_workers"], line["offsets_without_record"]) == (9, 20, 1)


def test_an_outage_before_the_catch_up_continues_its_receipt(world):
    for _ in range(2):
        fail(world)
        world.tick()
        world.listener.database_answered()
        world.end = 20
        world.tick()
        world.commit(Counts(applied=5), 5)
        world.tick()
    world.commit(Counts(applied=10), 10)
    world.tick()
    (line,) = world.lines("caught_up")
    assert (line["read"], line["partitions"][0]["from"]) == (20, 0)


def test_the_start_of_a_worker_is_an_outage_too():
    world = World()
    world.tick()
    world.follow()
    world.listener.database_answered()
    world.tick()
    assert [line["event"] for line in world.lines()] == [
        "not_ready",
        "assigned",
        "ready",
        "caught_up",
    ]
    (ready,) = world.lines("ready")
    assert (ready["why"], ready["outage_seconds"]) == ("starting", 2.0)


def test_a_refused_login_is_told_with_since_when(world):
    since = datetime.fromtimestamp(START, UTC)
    world.listener.retries.kafka_refused("SCRAM failed\nmore", since, 1.0)
    world.listener.retries.kafka_refused("SCRAM failed", since, 2.0)
    first, second = world.lines("kafka_refused")
    assert (first["level"], first["error"], first["since"]) == (
        "warning",
        "SCRAM failed",
        "2027-01-15T08:00:00Z",
    )
    assert second["level"] == "debug"


def test_a_worker_that_stops_in_order_has_no_outage(world):
    world.health.is_stopping = lambda: True
    world.source["is_member"] = False
    world.tick()
    assert not world.lines("not_ready")


def test_a_lasting_outage_is_told_of_a_stopping_worker_too(world):
    fail(world)
    world.tick()
    world.health.is_stopping = lambda: True
    world.source["is_member"] = False
    world.tick()
    assert [line["why"] for line in world.lines("not_ready")] == ["database_unavailable"] * 2


def refused_login():
    said = "connection failed: FATAL: password authentication failed"
    cause = type("OperationalError", (Exception,), {})(said)
    return OperationalError("", {}, cause)


def test_a_login_that_is_not_repeated_yet_is_no_attempt(world):
    not_tried = refused_login()
    note_not_tried(not_tried.orig)
    refused_at = datetime.fromtimestamp(START + 1, UTC)
    world.listener.retries.database_refused("no", refused_at, 8.0)
    fail(world, error=refused_login())
    fail(world, 3, not_tried)
    world.tick()
    (line,) = world.lines("not_ready")
    assert (line["why"], line["attempts"]) == ("database_refused", 1)
    assert line["next_retry_at"] == "2027-01-15T08:00:09Z"


WARNINGS = st.one_of(
    st.builds(MovedWithoutBoard, st.text(), st.text()),
    st.builds(PatientBoardNamed, st.text(), st.text()),
    st.builds(NameDropped, st.text(), st.text()),
    st.builds(
        AheadOfClock,
        st.text(),
        st.text(),
        st.integers(60, 600),
        st.text(),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    st.builds(MassChangeHeld, st.integers(1, 9), st.text(), st.integers(), st.integers(1, 9)),
    st.builds(UnknownType, st.text(), st.text(), st.integers(1, 9)),
    st.builds(
        lambda reason, detail, key: DeadLettered(
            record(b"payload", topic="t", key=key), Rejection(reason, detail)
        ),
        st.sampled_from(Reason),
        st.text().filter(lambda text: "payload" not in text),
        st.binary(),
    ),
)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.floats(0.5, 2000.0)),
        st.tuples(st.just("database"), st.sampled_from(["answers", "fails", "hangs"])),
        st.tuples(st.just("kafka"), st.sampled_from(["answers", "fails", "refuses", "silent"])),
        st.tuples(st.just("member"), st.booleans()),
        st.tuples(st.just("written"), st.integers(0, 50)),
        st.tuples(st.just("commit"), st.integers(0, 50)),
        st.tuples(st.just("set_back"), st.integers(0, 50)),
        st.tuples(st.just("text"), st.text()),
        st.tuples(st.just("warning"), WARNINGS),
        st.tuples(st.just("outpaced"), st.none()),
    ),
    max_size=40,
)


def database(world, how):
    world.health.unanswered_seconds = lambda: 9.0 if how == "hangs" else 0.0
    if how == "answers":
        world.listener.database_answered()
    else:
        fail(world, error=database_error(f"{how} {SECRET}\nDETAIL payload"))


def kafka(world, how):
    world.source["is_reachable"] = how != "silent"
    world.source["refusal"] = SECRET if how == "refuses" else None
    if how in ("fails", "refuses"):
        kind = StreamRefused if how == "refuses" else StreamUnavailable
        fail(world, error=kind(f"no {SECRET}"))


def commit(world, offsets):
    offsets = min(offsets, world.end - world.position)
    world.commit(Counts(applied=offsets), offsets)


def written(world, offsets):
    world.end += offsets


def set_back(world, offsets):
    before, world.position = world.position, max(0, world.position - offsets)
    if world.position < before:
        world.listener.positions_set_back([SetBack(P, before, world.position, offsets)])


DO = {
    "tick": World.tick,
    "database": database,
    "kafka": kafka,
    "member": lambda world, is_member: world.source.update(is_member=is_member),
    "written": written,
    "commit": commit,
    "set_back": set_back,
    "text": lambda world, text: fail(world, error=StreamUnavailable(text)),
    "warning": lambda world, warning: world.commit(Counts(), 0, warnings=[warning]),
    "outpaced": lambda world, _: world.listener.outpaced(),
}


@given(STEPS)
def test_any_worker_logs_known_events_line_by_line(steps):
    """Each line is one JSON object without secrets; outages and their ends take turns."""
    world = World()
    world.follow()
    for step, value in steps:
        DO[step](world, value)
    lines = world.lines()
    assert {line["event"] for line in lines} <= set(LogEvent)
    assert SECRET not in world.stream.getvalue()
    assert "payload" not in world.stream.getvalue()
    was_ready = None
    for line in lines:
        match line["event"]:
            case "not_ready":
                was_ready = False
                assert line["outage_seconds"] >= 0
                assert line["attempts"] >= 0
                assert len(line["codes"]) == len(line["reasons"]) > 0
            case "ready":
                assert was_ready is not True, "twice in a row"
                was_ready = True
                assert line["why"] in line["codes"]
            case "caught_up":
                assert was_ready, "before it was ready"
                assert line["read"] == sum(line[outcome] for outcome in Outcome)
                assert line["offsets_without_record"] == line["by_other_workers"] == 0
                assert line["read"] == sum(p["to"] - p["from"] for p in line["partitions"])


@given(STEPS)
def test_the_verbose_answer_is_json_after_any_sequence(steps):
    world = World()
    world.follow()
    for step, value in steps:
        DO[step](world, value)
    document = json.loads(json.dumps(readiness(world.health, world.health.ready())))
    assert (document["status"] == "ok") == (not document["codes"])
    assert SECRET not in json.dumps(document)

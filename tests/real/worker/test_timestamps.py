"""Timestamps that the broker sets: no tombstone with one says when its clinic went."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import EPOCH_MS, activated, record, write_archive
from tests.real.worker.logs import recreate
from tests.real.worker.stage import Stage
from tests.real.worker.streams import CLINICS
from tests.services.broker import NativeBroker

CLINIC = CLINICS[0]
AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def stamping(stage: Stage) -> Stage:
    """Topics whose broker sets timestamps; in one an active clinic, and then a tombstone of it."""
    for topic in (stage.activation, stage.region):
        stage.alter(topic, {"message.timestamp.type": "LogAppendTime"})
    stage.register([CLINIC])
    event = json.dumps(activated(CLINIC, AN_HOUR_AGO, regionCode="01")).encode()
    place, key = (stage.activation, 0), CLINIC.encode()
    stage.send([(place, key, event), (place, key, None)])
    assert stage.finish().exit_code == 0
    return stage


def is_active(stage):
    return stage("clinics", "show", CLINIC).json["active"]


def test_a_tombstone_with_the_brokers_timestamp_becomes_a_dead_letter(stamping):
    assert is_active(stamping) is True
    (letter,) = stamping("deadletters", "list").json["items"]
    assert (letter["offset"], letter["reason"]) == (1, "invalid_event")
    shown = stamping("deadletters", "show", str(letter["id"])).json
    assert shown["timestamp_type"] == "LogAppendTime"


def test_however_it_is_read_again_it_stays_one(stamping):
    redriven = stamping("deadletters", "redrive", "--all", "--yes")
    assert [item["outcome"] for item in redriven.json["items"]] == ["dead_lettered"]
    replayed = stamping("replay", "--yes").json
    assert (replayed["superseded"], replayed["dead_lettered"]) == (1, 1)
    assert stamping("reconcile", "--against", "topics").json["count"] == 0
    archive = str(stamping.folder / "a.jsonl")
    assert stamping("events", "export", "--out", archive).exit_code == 0
    counts = stamping("run", "--archive", archive).json
    assert (counts["superseded"], counts["dead_lettered"]) == (1, 1)
    assert is_active(stamping) is True


def test_on_a_broker_that_sets_timestamps_our_topics_keep_them(stage):
    """As it was seen: a tombstone of last year is published, and deactivates nobody of today."""
    broker = NativeBroker({"log.message.timestamp.type": "LogAppendTime"})
    try:
        stage.bootstrap = broker.bootstrap
        assert stage("topics", "create", "--partitions", "1").exit_code == 0
        stage.register([CLINIC])
        (tombstone, event) = (
            record(None, topic=stage.activation, key=CLINIC, timestamp_ms=EPOCH_MS),
            record(activated(CLINIC, AN_HOUR_AGO), topic=stage.activation, offset=1),
        )
        archive = str(write_archive(stage.folder / "a.jsonl", [tombstone, event]))
        assert stage("events", "publish", archive).exit_code == 0
        assert stage.finish().json["applied"] == 2
        assert is_active(stage) is True
        recreate(stage, stage.region)
        told = {item["id"]: item for item in stage("doctor").json["items"]}
        assert (
            f"{stage.region}: message.timestamp.type=LogAppendTime"
            in (told["topic_configuration"]["detail"])
        )
    finally:
        broker.remove()


def test_created_topics_keep_timestamps_others_are_reported(stage, stamping):
    told = stamping("topics", "create")
    assert told.exit_code == 0
    for topic in (stage.activation, stage.region):
        assert f"{topic} is there with" in told.stderr
    assert told.stderr.count("message.timestamp.type=LogAppendTime") == 2

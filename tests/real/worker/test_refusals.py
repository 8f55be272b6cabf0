"""Logs that are not those that were read: refused with exact numbers, never guessed about."""

import pytest
from kafka import TopicPartition

from tests.real.worker.logs import delete, fill, go_on, recreate, refused
from tests.real.worker.streams import CLINICS, anything
from tests.services.broker import NativeBroker


@pytest.mark.parametrize("missing", ["one", "both"])
def test_a_missing_topic_is_refused_by_name(stage, missing):
    delete(stage, stage.region)
    if missing == "both":
        delete(stage, stage.activation)
    (attention,) = stage("status").json["attention"]
    assert f"no topic {stage.region}" in attention
    assert "sync-worker topics create" in attention
    for arguments in ((), ("--until-idle", "0")):
        done = stage.start(*arguments).ended()
        assert done.exit_code == 2, done.stderr
        assert f"no topic {stage.region}" in done.error_text
        assert (f"no topic {stage.activation}" in done.error_text) == (missing == "both")
    assert stage("topics", "create").exit_code == 0
    assert stage.finish().exit_code == 0


def test_a_topic_deleted_while_it_is_read_ends_the_worker(stage):
    worker = stage.started()
    fill(stage, stage.region, 7)
    stage.until_read(7)
    delete(stage, stage.region)
    done = worker.ended()
    assert done.exit_code == 2
    assert f"{stage.region} was deleted while it was read" in done.error_text
    assert "7 in partition 0" in done.error_text
    assert stage.finish().exit_code == 2
    stage.create_topics(stage.region)
    fill(stage, stage.region, 3)
    error, _ = refused(stage)
    assert f"{stage.region} was re-created" in error
    assert go_on(stage, "--topic", stage.region) == (3, 3)


@pytest.mark.parametrize("count", [3, 12], ids=["shorter", "longer"])
def test_a_recreated_topic_is_refused_with_both_ids(stage, count):
    fill(stage, stage.region, 7)
    assert stage.finish().exit_code == 0
    recreate(stage, stage.region)
    fill(stage, stage.region, count)
    error, lag = refused(stage)
    assert lag is None
    for told in (error, stage.start().ended().error_text):
        assert f"{stage.region} was re-created" in told
        assert "7 in partition 0" in told
    assert stage.read() == 7
    assert go_on(stage, "--topic", stage.region) == (count, count)


def test_a_topic_recreated_while_it_is_read_ends_the_worker(stage):
    worker = stage.started()
    fill(stage, stage.region, 7)
    stage.until_read(7)
    recreate(stage, stage.region)
    fill(stage, stage.region, 12)
    done = worker.ended()
    assert done.exit_code == 2
    assert "7 in partition 0" in done.error_text
    assert stage.read() == 7


def test_a_recreated_topic_is_adopted_whole_or_not_at_all(stage):
    for partition in range(3):
        fill(stage, stage.region, 5, partition)
    assert stage.finish().exit_code == 0
    recreate(stage, stage.region)
    for partition in range(3):
        fill(stage, stage.region, 8, partition)
    reset = ("positions", "reset", "--topic", stage.region, "--to", "earliest", "-y")
    for number in (2, 0):
        assert stage(*reset, "--partition", str(number)).exit_code == 0
        refused = stage.finish()
        assert refused.exit_code == 2, refused.stderr
        assert f"{stage.region} was re-created" in refused.error_text
    assert go_on(stage, "--topic", stage.region) == (24, 24)


def test_a_topic_recreated_with_fewer_partitions_is_adopted(stage):
    for partition in range(3):
        fill(stage, stage.region, 5, partition)
    assert stage.finish().exit_code == 0
    delete(stage, stage.region)
    stage.create_topics(stage.region, partitions=1)
    fill(stage, stage.region, 2)
    assert stage.finish().exit_code == 2
    assert go_on(stage, "--topic", stage.region) == (2, 2)
    with stage.admin() as client:
        client.create_partitions({stage.region: 3})
    fill(stage, stage.region, 4, partition=2)
    assert stage.finish().json["read"] == 4


def test_a_log_beginning_after_our_position_is_refused(stage):
    fill(stage, stage.region, 5)
    assert stage.finish().exit_code == 0
    fill(stage, stage.region, 10)
    with stage.admin() as client:
        client.delete_records({TopicPartition(stage.region, 0): 9})
    error, lag = refused(stage)
    assert f"{stage.region}/0: the log begins at offset 9, after our position 5" in error
    assert "4 offsets" in error
    assert lag == 6
    assert go_on(stage, "--topic", stage.region, "--partition", "0") == (6, 6)


def test_a_log_ending_before_our_position_is_refused(stage):
    fill(stage, stage.region, 5)
    assert stage.finish().exit_code == 0
    stage.execute("UPDATE position SET next_offset = 50 WHERE topic = %s", stage.region)
    error, lag = refused(stage)
    assert "the log ends at offset 5, before our position 50" in error
    assert lag is None
    assert go_on(stage, "--topic", stage.region) == (5, 5)


def test_a_position_outside_the_log_is_refused(stage):
    fill(stage, stage.region, 5)
    assert stage.finish().exit_code == 0
    reset = ("positions", "reset", "--topic", stage.region, "--partition", "0", "-y", "--to")
    refused = stage(*reset, "offset:6")
    assert refused.exit_code == 2
    assert f"{stage.region}/0: the log ends at offset 5" in refused.error_text
    assert stage(*reset, "offset:5").exit_code == 0
    assert stage.finish().exit_code == 0


def test_a_reset_of_a_missing_topic_says_so(stage):
    fill(stage, stage.region, 5)
    assert stage.finish().exit_code == 0
    delete(stage, stage.region)
    refused = stage("positions", "reset", "--topic", stage.region, "--to", "earliest", "-y")
    assert refused.exit_code == 2
    assert f"has no topic {stage.region}" in refused.error_text


def test_another_cluster_is_refused_and_can_be_adopted(opened, broker):
    assert opened.finish().exit_code == 0
    other = NativeBroker()
    try:
        first, opened.bootstrap = opened.bootstrap, other.bootstrap
        opened.create_topics()
        opened.send_events(anything(seed=51, length=100))
        error, _ = refused(opened)
        assert f"This is the cluster {other.cluster_id}" in error
        assert f"read from {broker.cluster_id}" in error
        assert opened.read() == 2 * len(CLINICS)
        before = opened.contents()
        for command in (
            ("reconcile", "--against", "topics", "--apply", "--yes"),
            ("replay", "--yes"),
            ("positions", "reset", "--topic", opened.region, "--to", "earliest", "--yes"),
        ):
            done = opened(*command)
            assert (done.exit_code, done.error_text) == (2, error), command
        assert opened.contents() == before
        assert go_on(opened) == (100, 100)
    finally:
        opened.bootstrap = first
        other.remove()


def test_records_expired_before_the_first_read_are_not_missed(stage):
    fill(stage, stage.region, 10)
    with stage.admin() as client:
        client.delete_records({TopicPartition(stage.region, 0): 4})
    assert stage.finish().json["read"] == 6
    assert stage.positions()[stage.region, 0] == 10

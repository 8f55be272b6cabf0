"""Dead letters of a topic that was deleted, created again and adopted."""

import json

from tests.builders import activated
from tests.real.worker.logs import BAD, fill, go_on, recreate, refused
from tests.real.worker.streams import CLINICS

CLINIC = CLINICS[0]


def send(stage, offset_of_good, *, total):
    """Fill a new log of which one record is good."""
    good = json.dumps(activated(CLINIC, 0)).encode()
    place = stage.activation, 0
    stage.send([(place, None, good if n == offset_of_good else BAD) for n in range(total)])


def letters(stage, status="open"):
    items = stage("deadletters", "list", "--status", status).json["items"]
    return [(item["topic_id"], item["offset"]) for item in items]


def adopted(stage):
    """Three letters; the topic created again, with a good record where the second one was."""
    fill(stage, stage.activation, 3)
    assert stage.finish().exit_code == 0
    recreate(stage, stage.activation)
    send(stage, 1, total=2)
    refused(stage)
    assert go_on(stage, "--topic", stage.activation) == (2, 2)
    return dict.fromkeys(topic_id for topic_id, _ in letters(stage))


def test_each_log_closes_only_its_own_dead_letters(stage):
    old, new = adopted(stage)
    assert letters(stage) == [(old, 0), (old, 1), (old, 2), (new, 0)]
    assert letters(stage, "all") == letters(stage)


def test_a_record_at_a_former_letters_offset_is_a_fact(stage):
    adopted(stage)
    assert stage("reconcile", "--against", "topics").json["count"] == 0
    stage.execute("UPDATE clinic SET active = NULL, activation_time = NULL")
    (item,) = stage("reconcile", "--against", "topics").json["items"]
    assert (item["hsa_id"], item["fact"], item["offset"]) == (CLINIC, "activation", 1)


def test_one_log_read_again_stores_nothing_twice(stage):
    adopted(stage)
    before = letters(stage, "all")
    assert stage("replay", "--yes").json["dead_lettered"] == 1
    selection = "--topic", stage.activation, "--partition", "0"
    assert go_on(stage, *selection) == (2, 2)
    assert letters(stage, "all") == before

"""Ended at any moment, and started again: nothing lost, nothing counted twice."""

import random

import pytest

from tests.real.worker.proxy import Cut
from tests.real.worker.streams import REGISTERED, anything
from tests.services.waiting import until


def test_an_undisturbed_worker_ends_where_the_fold_does(opened):
    opened.send_events(anything(seed=1, length=1000))
    done = opened.finish()
    assert done.exit_code == 0, done.stderr
    assert done.json["read"] == len(opened.records())
    assert opened.contents() == opened.expected(REGISTERED)


@pytest.mark.parametrize("batch", ["1", "7"])
def test_a_worker_killed_at_random_ends_where_others_do(opened, batch):
    rng = random.Random(batch)
    opened.send_events(anything(seed=2, length=1200))
    for number in range(4):
        wanted = opened.read() + rng.randrange(1, 120)
        # In a group of its own, none waits until the session of a dead one is over.
        worker = opened.start(BATCH_MAX_RECORDS=batch, KAFKA_GROUP_ID=f"{opened.group}-{number}")
        opened.until_read(wanted)
        worker.kill()
    done = opened.finish()
    assert done.exit_code == 0, done.stderr
    assert 0 < done.json["read"] < 1200
    assert opened.contents() == opened.expected(REGISTERED)


def test_a_kill_between_both_commits_counts_nothing_twice(opened, proxy):
    opened.send_events(anything(seed=3, length=200))
    told, before = opened.group_offsets(), opened.positions()
    proxy.cut_at_commits(Cut.NEVER)
    worker = opened.start(DATABASE_URL=opened.through(proxy.port), KAFKA_SESSION_TIMEOUT_MS="2000")
    until(lambda: proxy.cuts, "the worker to commit")
    worker.kill()
    assert opened.positions() != before
    assert opened.group_offsets() == told
    done = opened.finish()
    assert done.exit_code == 0, done.stderr
    assert 0 < done.json["read"] < len(opened.records())
    assert opened.contents() == opened.expected(REGISTERED)


def test_one_killed_comes_back_into_its_group_and_goes_on(opened):
    opened.send_events(anything(seed=4, length=300))
    for _ in range(2):
        before = opened.read()
        worker = opened.start(BATCH_MAX_RECORDS="10", KAFKA_SESSION_TIMEOUT_MS="2000")
        opened.until_read(before + 20)
        worker.kill()
    assert opened.finish().exit_code == 0
    assert opened.contents() == opened.expected(REGISTERED)

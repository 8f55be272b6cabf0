"""Workers behind PgBouncer in transaction mode, with fewer sessions than they have connections."""

from tests.real.worker.streams import REGISTERED, anything


def test_two_workers_share_their_partitions_behind_a_pooler(opened, pooler):
    direct, opened.database_url = opened.database_url, pooler.through(opened.database_url)
    workers = [opened.started(), opened.started()]
    opened.until_ready(*workers)
    opened.send_events(anything(seed=91, length=2000))
    opened.until_read(len(opened.records()))
    assert opened.contents() == opened.expected(REGISTERED)
    done = opened("reconcile", "--against", "topics")
    assert (done.exit_code, done.json["count"]) == (0, 0)
    assert all(worker.stop() == 0 for worker in workers)
    opened.database_url = direct


def test_an_option_that_a_pooler_refuses_is_not_waited_for(opened, pooler):
    address = pooler.through(opened.database_url) + "?options=-csearch_path%3Dpublic"
    done = opened.start(DATABASE_URL=address).ended()
    assert done.exit_code == 2
    assert "unsupported startup parameter: options" in done.error_text

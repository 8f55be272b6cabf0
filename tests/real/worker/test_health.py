"""What a daemon says of itself in each of its states, and how it ends in them."""

from tests.real.worker.streams import REGISTERED, anything
from tests.services.waiting import until


def until_it_says(worker, reason):
    until(lambda: reason in worker.reasons(), f"the worker to say that it is: {reason}", 15)


def test_an_idle_daemon_is_ready_and_ends_at_once(stage):
    worker = stage.started()
    until(lambda: not worker.reasons(), "the worker to be ready", 15)
    assert worker.probe("/livez") == (200, "ok\n")
    assert worker.probe("/readyz") == (200, "ok\n")
    code, body = worker.probe("/readyz?verbose")
    assert (code, '"reasons": []' in body) == (200, True)
    assert worker.stop() == 0, worker.output
    assert '"read": 0' in worker.output


def test_a_daemon_counts_what_it_reads_in_its_metrics(opened):
    worker = opened.started()
    opened.send_events(anything(seed=61, length=500))
    opened.until_read(len(opened.records()))
    counts = opened.contents().counts.values()
    letters = sum(c.get("dead_lettered", 0) for c in counts)

    def measured():
        code, body = worker.probe("/metrics")
        values = dict(line.rsplit(" ", 1) for line in body.splitlines() if line[:1] != "#")
        found = {
            outcome: float(values.get(f'sync_worker_records_total{{outcome="{outcome}"}}', 0))
            for outcome in ("applied", "superseded", "ignored", "dead_lettered")
        }
        return (
            code == 200
            and sum(found.values()) == opened.read()
            and found["dead_lettered"] == letters
        )

    until(measured, "the metrics to say what the registry does")


def test_a_loading_worker_stops_with_exactly_what_it_reports(opened):
    opened.send_events(anything(seed=62, length=4000))
    before = opened.read()
    worker = opened.start(BATCH_MAX_RECORDS="5")
    opened.until_read(before + 50)
    assert worker.stop() == 0, worker.output
    done = worker.ended()
    assert done.json["read"] == opened.read() - before < 4000
    assert opened.group_offsets().items() <= opened.positions().items()
    assert opened.finish().exit_code == 0
    assert opened.contents() == opened.expected(REGISTERED)


def test_a_daemon_waits_for_a_database_unavailable_at_the_start(stage, breakable_postgres):
    breakable_postgres.stop()
    worker = stage.start()
    until(lambda: "the database cannot be used" in worker.reasons(), "the worker to say so")
    assert worker.probe("/livez")[0] == 200
    breakable_postgres.start()
    until(lambda: not worker.reasons(), "the worker to be ready", 15)
    assert worker.stop() == 0, worker.output


def test_a_run_until_idle_gives_up_an_unavailable_database(stage, breakable_postgres):
    breakable_postgres.stop()
    done = stage.finish()
    assert done.exit_code == 5, done.stderr
    assert "The database cannot be reached" in done.error_text


def test_a_stop_does_not_wait_for_an_unavailable_database(stage, breakable_postgres):
    running = stage.started()
    breakable_postgres.stop()
    beginning = stage.start()
    stage.send_events(anything(seed=63, length=10))
    for worker in (running, beginning):
        until_it_says(worker, "database cannot")
        assert worker.stop() == 0, worker.output


def test_an_idle_daemon_notices_an_outage_of_its_database(stage, breakable_postgres):
    worker = stage.started()
    until(lambda: not worker.reasons(), "the worker to be ready", 15)
    breakable_postgres.stop()
    until(lambda: "database" in worker.reasons(), "the worker to be not ready", 15)
    breakable_postgres.start()
    until(lambda: not worker.reasons(), "the worker to be ready again", 15)


def test_a_stop_does_not_wait_for_a_silent_database(opened, proxy):
    opened.send_events(anything(seed=64, length=2000))
    before = opened.read()
    worker = opened.start(
        DATABASE_URL=opened.through(proxy.port),
        KAFKA_MAX_POLL_INTERVAL_MS="60000",
        BATCH_MAX_RECORDS="5",
    )
    opened.until_read(before + 20)
    proxy.flows.clear()
    until(lambda: proxy.held, "the worker to wait for an answer")
    assert worker.stop() == 0, worker.output


def test_status_tells_the_lag_whether_a_worker_runs_or_not(opened):
    assert opened.finish().exit_code == 0
    assert opened("status").json["lag"] == 0
    opened.send_events(anything(seed=65, length=200))
    document = opened("status").json
    assert document["lag"] == 200
    assert sum(part["end"] for part in document["partitions"]) == len(opened.records())
    worker = opened.started()
    opened.until_read(len(opened.records()))
    document = opened("status").json
    assert document["lag"] == 0
    assert sum(part["read"] for part in document["partitions"]) == len(opened.records())
    assert worker.stop() == 0

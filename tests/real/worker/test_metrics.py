"""What the metrics say while something happens, against what Kafka and the database say."""

import math
import time

from tests.real.worker.measured import Measured
from tests.real.worker.streams import REGISTERED, anything, opening
from tests.services.waiting import until

OF_PARTITIONS = ("position", "end", "lag", "lag_seconds")


def all_places(stage):
    return {
        (topic, number)
        for topic in (stage.activation, stage.region)
        for number in range(stage.partitions)
    }


def shown_alike(*workers):
    """The partitions of each worker; none where its metrics do not agree with each other."""
    shown = []
    for worker in workers:
        measured = Measured(worker)
        (places, *others) = [measured.places(name) for name in OF_PARTITIONS]
        shown.append(places if all(each == places for each in others) else set())
    return shown


def test_series_of_partitions_move_with_them_in_a_rebalance(opened):
    first = opened.caught_up()
    until(lambda: shown_alike(first) == [all_places(opened)], "the only worker to have all")
    assert Measured(first).value("rebalances_total") == 1

    second = opened.started()

    def is_shared():
        ours, others = shown_alike(first, second)
        return ours and others and not ours & others and ours | others == all_places(opened)

    until(is_shared, "each partition to be shown by one worker")
    assert Measured(first).value("rebalances_total") >= 2
    assert first.stop() == 0, first.output
    until(lambda: shown_alike(second) == [all_places(opened)], "the other to have all")
    until(
        lambda: Measured(second).of_places("position") == opened.positions(),
        "the other to know where each of them stands",
    )


def test_a_backlog_is_told_in_records_and_in_seconds(opened, breakable_postgres):
    worker = opened.caught_up()
    until(lambda: Measured(worker).total("lag") == 0, "the lag to be 0")
    assert Measured(worker).total("lag_seconds") == 0
    until(lambda: Measured(worker).value("catch_up_seconds") == 0, "nothing to catch up with")
    before = Measured(worker)
    breakable_postgres.stop()
    until(lambda: "database_unavailable" in Measured(worker).reasons(), "the outage to be told")
    sent = list(anything(seed=71, length=60))
    sent_at = time.time()
    opened.send_events(sent)
    until(lambda: Measured(worker).total("lag") == len(sent), "the backlog to be seen")

    def has_grown_old():
        seconds, age = max(Measured(worker).series("lag_seconds").values()), time.time() - sent_at
        # Nothing was fetched: it is known by the ends of the logs, asked for now and then, and told
        # as older than it is.
        return 6 < age and 5 < seconds < age + 30

    until(has_grown_old, "the oldest record to grow older")
    until(lambda: Measured(worker).value("catch_up_seconds") == math.inf, "no end to be in sight")
    measured = Measured(worker)
    assert measured.total("end") == before.total("end") + len(sent)
    assert measured.total("position") == before.total("position")

    breakable_postgres.start()
    until(lambda: Measured(worker).total("lag") == 0, "the lag to be 0 again")
    until(lambda: Measured(worker).total("lag_seconds") == 0, "nothing to be left")
    after = Measured(worker)
    aged = after.value("event_age_seconds_count") - before.value("event_age_seconds_count")
    assert aged == len(sent)
    assert after.total("event_age_seconds_bucket", le="5.0") < after.value(
        "event_age_seconds_count"
    )
    assert after.total("records_total") == opened.read()
    for phase in ("decode", "lock", "merge", "write", "commit"):
        assert after.value("transaction_seconds_sum", phase=phase) > 0
        count = after.value("transaction_seconds_count", phase=phase)
        assert count == after.value("batches_total") == after.value("transaction_records_count")
    assert after.value("transaction_records_sum") == opened.read()


def test_a_database_outage_is_told_with_cause_and_beginning(opened, breakable_postgres):
    worker = opened.caught_up()
    until(lambda: Measured(worker).value("ready") == 1, "the worker to be ready")
    ready = Measured(worker)
    assert ready.reasons() == set()
    assert ready.value("not_ready_since_timestamp_seconds") == 0
    assert ready.total("retries_total") == ready.value("waits_total")
    stopped_at = time.time()
    breakable_postgres.stop()
    until(lambda: Measured(worker).value("ready") == 0, "the worker to be not ready")
    until(
        lambda: (
            Measured(worker).value("retries_total", cause="database_unavailable")
            > ready.value("retries_total", cause="database_unavailable")
        ),
        "the attempts to be counted",
    )
    during = Measured(worker)
    assert during.reasons() == {"database_unavailable"}
    assert stopped_at - 1 < during.value("not_ready_since_timestamp_seconds") <= time.time()
    assert during.total("retries_total") == during.value("waits_total")
    assert during.total("retries_total", cause="kafka_unavailable") == 0
    breakable_postgres.start()
    until(lambda: Measured(worker).value("ready") == 1, "the worker to be ready again")
    assert Measured(worker).value("not_ready_since_timestamp_seconds") == 0


def test_a_silent_database_holds_up_no_gauge(opened, breakable_postgres):
    worker = opened.caught_up(KAFKA_MAX_POLL_INTERVAL_MS="60000")
    until(lambda: Measured(worker).value("ready") == 1, "the worker to be ready")
    breakable_postgres.freeze()
    opened.send_events(anything(seed=72, length=20))
    until(lambda: "database_slow" in Measured(worker).reasons(), "the silence to be told", 60)
    until(lambda: Measured(worker).total("lag") == 20, "the backlog to be seen")
    breakable_postgres.thaw()
    until(lambda: Measured(worker).value("ready") == 1, "the worker to be ready again", 60)
    until(lambda: Measured(worker).total("lag") == 0, "the backlog to be applied", 60)


def test_nothing_of_kafka_is_claimed_while_it_does_not_answer(opened, breakable_broker):
    worker = opened.caught_up()
    until(
        lambda: Measured(worker).of_places("position") == opened.positions(),
        "the worker to know where each partition stands",
    )
    position = Measured(worker).total("position")
    breakable_broker.kill()
    until(lambda: "kafka_unavailable" in Measured(worker).reasons(), "the outage to be told", 60)
    until(lambda: math.isnan(Measured(worker).total("end")), "the ends to be unknown")
    measured = Measured(worker)
    assert math.isnan(measured.total("lag"))
    assert math.isnan(measured.total("lag_seconds"))
    assert math.isnan(measured.value("catch_up_seconds"))
    assert measured.value("retries_total", cause="kafka_unavailable") > 0
    assert measured.total("position") in (position, 0)
    breakable_broker.start()
    until(lambda: Measured(worker).total("lag") == 0, "the lag to be known again", 60)
    until(lambda: Measured(worker).value("ready") == 1, "the worker to be ready again", 60)


def test_the_registry_is_told_as_status_tells_it(opened):
    opened.send_events([b"{not json", b"[1]"])
    worker = opened.caught_up()
    status = opened("status").json

    def is_told():
        measured = Measured(worker)
        return measured.total("open_dead_letters") == status["dead_letters"]["open"] == 2

    until(is_told, "the dead letters to be told")
    measured = Measured(worker)
    assert measured.value("open_dead_letters", reason="invalid_json") == 1
    clinics = {
        dict(labels)["status"]: value for labels, value in measured.series("clinics").items()
    }
    assert sum(clinics.values()) == status["clinics"]["known"] == len(opening()) / 2
    assert clinics["receiving"] == status["clinics"]["receiving"]
    assert clinics["service_off"] == len(REGISTERED)
    assert measured.value("regions_service_on") == status["regions"]["service_on"]
    assert measured.value("newest_event_timestamp_seconds") > 0
    assert measured.value("sampling_failures_total") == 0
    (labels,) = measured.series("build_info")
    assert dict(labels)["version"] in opened("--version").stdout

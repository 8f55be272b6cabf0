"""Kafka or the database is unavailable: what is seen of it, and what says that it is over."""

import pytest

from tests.builders import deactivated
from tests.drill.operator import Place
from tests.drill.questions import ask_all
from tests.real.worker.streams import REGISTERED

pytestmark = [pytest.mark.real, pytest.mark.drill]

UNAVAILABLE = "kafka-or-the-database-is-unavailable"


def with_something_that_waits(operator):
    """A worker that has met a bad record, and holds a mass change."""
    operator.has_a_worker()
    closed = (deactivated(hsa_id, 6000) for hsa_id in REGISTERED)
    operator.stage.send_events([b"{not json", *closed])
    operator.sees(Place.METRICS, 'sync_worker_open_dead_letters{reason="invalid_json"} 1.0')
    operator.sees(Place.METRICS, "sync_worker_held_clinics [1-9]")


def is_over(operator):
    operator.sees(Place.LOG, '"event": "ready"', anew=True)
    operator.sees(Place.LOG, '"is_continuous": true', anew=True)
    operator.sees(Place.STATUS, r"workers +1 ready")


@pytest.mark.brief
def test_the_database_is_stopped_and_started(operator, breakable_postgres):
    with_something_that_waits(operator)
    operator.reads("The database is stopped", UNAVAILABLE)
    operator.does("The database is stopped.")
    breakable_postgres.stop()
    operator.hears("SyncWorkerNotReady")
    operator.hears("SyncWorkerOneNotReady")
    ask_all(operator, "database_unavailable")
    operator.does("The database is started.")
    breakable_postgres.start()
    is_over(operator)
    operator.hears_no_more("SyncWorkerNotReady")
    operator.hears_no_more("SyncWorkerOneNotReady")


def test_the_database_freezes_and_thaws(operator, breakable_postgres):
    with_something_that_waits(operator)
    operator.reads("The database accepts connections and says nothing", UNAVAILABLE)
    operator.does("The database is frozen.")
    breakable_postgres.freeze()
    operator.sees(Place.READYZ, '"codes": .*"database_(slow|unavailable)"')
    operator.hears("SyncWorkerNotReady")
    operator.does("The database goes on.")
    breakable_postgres.thaw()
    is_over(operator)
    operator.hears_no_more("SyncWorkerNotReady")


def test_kafka_is_stopped_and_started(operator, breakable_broker):
    with_something_that_waits(operator)
    operator.reads("Kafka is stopped", UNAVAILABLE)
    operator.does("Kafka is stopped.")
    breakable_broker.stop()
    operator.hears("SyncWorkerNotReady")
    ask_all(operator, "kafka_unavailable")
    operator.does("Kafka is started.")
    breakable_broker.start()
    is_over(operator)
    operator.hears_no_more("SyncWorkerNotReady")


def test_both_are_away_and_come_back(operator, breakable_broker, breakable_postgres):
    with_something_that_waits(operator)
    operator.reads("Kafka and the database are stopped", UNAVAILABLE)
    operator.does("Both are stopped.")
    breakable_broker.stop()
    breakable_postgres.stop()
    operator.sees(Place.METRICS, 'sync_worker_not_ready{reason="database_unavailable"} 1.0')
    operator.sees(Place.METRICS, 'sync_worker_not_ready{reason="kafka_unavailable"} 1.0')
    operator.hears("SyncWorkerNotReady")
    operator.does("Both are started.")
    breakable_postgres.start()
    breakable_broker.start()
    is_over(operator)
    operator.hears_no_more("SyncWorkerNotReady")

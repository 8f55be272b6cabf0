"""What is told while a producer has records in Kafka that it has not committed."""

import json
from uuid import uuid4

from kafka import KafkaProducer

from tests.builders import activated
from tests.real.worker.measured import Measured
from tests.services.waiting import until

READ, SENT, FOLLOWS = (activated(f"SE2321000016-T00{n}", 1, regionCode="01") for n in (3, 6, 9))
"""Of clinics that share a partition."""


def told(stage):
    """What each part of the program says of how far the registry is."""
    shown = stage("status").json
    ends = sum(partition["end"] for partition in shown["partitions"])
    items = stage("doctor").json["items"]
    (positions,) = [item["detail"] for item in items if item["id"] == "positions"]
    return shown, ends, positions


def agree(worker, shown, ends):
    measured = Measured(worker)
    return (measured.total("end"), measured.total("lag")) == (ends, shown["lag"])


def test_status_and_worker_say_the_same_of_open_transactions(stage):
    stage.send_events([READ])
    worker = stage.caught_up()
    producer = KafkaProducer(bootstrap_servers=stage.bootstrap, transactional_id=uuid4().hex)
    try:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(stage.activation, json.dumps(SENT).encode(), partition=0).get(20)
        stage.send_events([FOLLOWS])
        shown, ends, positions = told(stage)
        assert (shown["lag"], shown["uncommitted"], ends) == (0, 2, 1)
        assert {each["uncommitted"] for each in shown["partitions"]} == {0, 2}
        until(lambda: agree(worker, shown, ends), "the worker to say the same")
        words = f"2 offsets cannot be read in {stage.activation}/0 until a producer ends its"
        assert words in positions
        assert f"behind        0 records; {words}" in stage("status", "-o", "table").stdout

        producer.commit_transaction()
        stage.until_read(3)
        shown, ends, positions = told(stage)
        assert (shown["uncommitted"], ends) == (0, 4)
        until(lambda: agree(worker, shown, ends), "the worker to say the same again")
        assert "until a producer" not in positions
    finally:
        producer.close()

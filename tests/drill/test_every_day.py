"""What happens every day, under the alert rules as operators have them: none fires."""

import time

import pytest

from tests.builders import region_changed
from tests.drill.hastened import RULES
from tests.drill.operator import Operator
from tests.real.worker.streams import CLINICS
from tests.services import finding

pytestmark = [pytest.mark.real, pytest.mark.drill]

SECONDS, EVENTS_PER_SECOND = 40, 100


@pytest.fixture
def calm(operator, report):
    """An operator whose Prometheus has the rules with the durations that they have."""
    prometheus = finding.prometheus(RULES.read_text())
    yield Operator(operator.stage, prometheus, report)
    prometheus.remove()


def test_steady_events_and_a_rolling_restart_fire_no_alert(calm):
    calm.reads("Events come steadily, and three workers are restarted in turn", "several-workers")
    calm.set_board("01")
    workers = [calm.has_a_worker(WORKER_NAME=f"worker-{number}") for number in range(3)]
    number, began = 0, time.monotonic()
    with calm.stage.producer() as producer:
        while (passed := time.monotonic() - began) < SECONDS or workers:
            if workers and passed > (4 - len(workers)) * SECONDS / 4:
                stopped = workers.pop()
                assert stopped.stop() == 0
                calm.workers.remove(stopped)
                calm.starts(WORKER_NAME=f"worker-{len(workers)}")
            due = int(passed * EVENTS_PER_SECOND)
            moves = (
                region_changed(CLINICS[-1 - n % 20], 10 + n, "01", id=f"m{n}")
                for n in range(number, due)
            )
            for (topic, partition), key, value in calm.stage.placed(moves):
                producer.send(topic, key=key, value=value, partition=partition)
            number = max(number, due)
            producer.flush(timeout=60)
            assert calm.firing() == {}
    calm.stage.until_read(len(calm.stage.records()), 60)
    calm.does("Nothing is published any more.")
    assert calm.firing() == {}

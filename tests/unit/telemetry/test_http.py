"""Health and metrics over HTTP: answered from what the loop left, also while it is stuck."""

import http.client
import json

import pytest

from sync_worker.events.record import Partition
from sync_worker.registry.positions import Counts
from sync_worker.sync.progress import Applied, MovedWithoutBoard
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.http import Port
from sync_worker.telemetry.metrics import Metrics

PATIENT, STUCK_AT_ONCE = 3600.0, -1.0


class Served:
    """A port with what stands behind it."""

    def __init__(self, stuck_after_seconds):
        self.health, self.metrics = Health(stuck_after_seconds), Metrics()
        self.port = Port("127.0.0.1", 0, self.health, self.metrics.registry)

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port.number, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


@pytest.fixture
def served(request):
    opened = Served(getattr(request, "param", PATIENT))
    yield opened
    opened.port.close()


def test_a_worker_is_alive_before_it_is_ready(served):
    assert served.get("/livez") == (200, "ok\n")
    assert served.get("/readyz") == (503, "failing\n")


def test_a_worker_that_has_written_and_is_a_member_is_ready(served):
    served.health.database_is(None)
    assert served.get("/readyz") == (200, "ok\n")


@pytest.mark.parametrize("served", [STUCK_AT_ONCE], indirect=True)
def test_a_loop_that_does_not_go_round_is_told_although_it_cannot_tell_itself(served):
    assert served.get("/livez")[0] == 503
    status, body = served.get("/livez?verbose")
    assert status == 503
    assert "no progress" in json.loads(body)["reasons"][0]


def test_verbose_says_every_reason(served):
    served.health.source = lambda: ["Kafka does not answer"]
    served.health.database_is("the server is starting")
    status, body = served.get("/readyz?verbose")
    assert status == 503
    assert json.loads(body) == {
        "status": "failing",
        "reasons": ["the database cannot be used: the server is starting", "Kafka does not answer"],
    }


def test_verbose_without_a_reason_says_ok(served):
    served.health.database_is(None)
    assert json.loads(served.get("/readyz?verbose")[1]) == {"status": "ok", "reasons": []}


def test_what_a_batch_came_to_is_counted(served):
    partition = Partition("t", 3)
    warnings = (MovedWithoutBoard("SE2321000016-TA01", "03"),)
    served.metrics.applied(Applied({partition: Counts(applied=2)}, {partition: 7}, 1, warnings))
    status, body = served.get("/metrics")
    assert status == 200
    assert 'sync_worker_records_total{outcome="applied"} 2.0' in body
    assert 'sync_worker_position{partition="3",topic="t"} 7.0' in body
    assert "sync_worker_moved_without_board_total 1.0" in body
    assert "SE2321000016" not in body


def test_a_path_that_there_is_not_names_those_that_there_are(served):
    status, body = served.get("/nowhere")
    assert status == 404
    assert "/readyz" in body


def test_a_head_has_no_body(served):
    assert served.get("/livez", "HEAD") == (200, "")


def test_a_port_that_is_taken_is_an_error_of_the_system(served):
    with pytest.raises(OSError, match="in use"):
        Port("127.0.0.1", served.port.number, served.health, served.metrics.registry)

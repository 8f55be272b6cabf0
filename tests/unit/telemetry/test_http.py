"""Health and metrics over HTTP: answered from what the loop left, also while it is stuck."""

import http.client
import json
import select
import socket
import struct
import threading
from contextlib import suppress

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from tests.services.waiting import until

from sync_worker.events.record import Partition
from sync_worker.pipeline.listener import MovedWithoutBoard, TransactionCommitted
from sync_worker.registry.positions import Counts
from sync_worker.telemetry.health import Health, HealthReason, NotReady
from sync_worker.telemetry.http import HttpServer
from sync_worker.telemetry.metrics import Metrics

PATIENT, STUCK_AT_ONCE = 3600.0, -1.0


class Served:
    """A port with what stands behind it."""

    def __init__(self, stuck_after_seconds, **limits):
        self.health, self.metrics = Health(stuck_after_seconds), Metrics()
        self.server = HttpServer("127.0.0.1", 0, self.health, self.metrics.registry, **limits)

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


@pytest.fixture
def served(request):
    opened = Served(getattr(request, "param", PATIENT))
    yield opened
    opened.server.close()


def test_a_worker_is_alive_before_it_is_ready(served):
    assert served.get("/livez") == (200, "ok\n")
    assert served.get("/readyz") == (503, "failing\n")


def test_a_member_that_has_written_is_ready(served):
    served.health.database_used(None)
    assert served.get("/readyz") == (200, "ok\n")


@pytest.mark.parametrize("served", [STUCK_AT_ONCE], indirect=True)
def test_a_stuck_loop_is_reported_although_it_cannot_report(served):
    assert served.get("/livez")[0] == 503
    status, body = served.get("/livez?verbose")
    assert status == 503
    assert "no progress" in json.loads(body)["reasons"][0]
    assert json.loads(body)["codes"] == ["loop_stuck"]


def test_verbose_says_every_reason(served):
    served.health.source = lambda: [
        HealthReason(NotReady.KAFKA_UNAVAILABLE, "Kafka does not answer")
    ]
    served.health.database_used("the server is starting")
    status, body = served.get("/readyz?verbose")
    assert status == 503
    document = json.loads(body)
    assert {name: document[name] for name in ("status", "reasons", "codes")} == {
        "status": "failing",
        "reasons": ["the database cannot be used: the server is starting", "Kafka does not answer"],
        "codes": ["database_unavailable", "kafka_unavailable"],
    }


def test_verbose_without_a_reason_says_ok(served):
    served.health.database_used(None)
    document = json.loads(served.get("/readyz?verbose")[1])
    assert {name: document[name] for name in ("status", "reasons", "codes")} == {
        "status": "ok",
        "reasons": [],
        "codes": [],
    }


def test_what_a_batch_came_to_is_counted(served):
    partition = Partition("t", 3)
    warnings = (MovedWithoutBoard("SE2321000016-TA01", "03"),)
    served.metrics.committed(
        TransactionCommitted({partition: Counts(applied=2)}, {partition: 7}, 1, warnings)
    )
    status, body = served.get("/metrics")
    assert status == 200
    assert 'sync_worker_records_total{outcome="applied"} 2.0' in body
    assert 'sync_worker_position{partition="3",topic="t"} 7.0' in body
    assert "sync_worker_moved_without_board_total 1.0" in body
    assert "SE2321000016" not in body


def metrics_for(served, accept):
    connection = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=10)
    connection.request("GET", "/metrics", headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    ],
)
def test_openmetrics_is_served_to_who_asks_for_it(served, accept):
    status, content_type, body = metrics_for(served, accept)
    assert status == 200
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")
    assert "sync_worker_records" in {family.name for family in openmetrics_families(body)}


@pytest.mark.parametrize(
    "accept",
    [
        *(None, "*/*", "text/html", "text/plain;version=0.0.4", ",;=,", "\xe5"),
        *(
            "application/openmetrics-text;version=x",
            "text/plain;version=;q",
            "text/plain; version=-",
        ),
    ],
)
def test_text_is_served_to_all_others_whatever_they_ask(served, accept, capfd):
    status, content_type, body = metrics_for(served, accept)
    assert status == 200
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE sync_worker_records_total counter" in body
    assert capfd.readouterr() == ("", "")


def test_an_unknown_path_names_the_known_ones(served):
    status, body = served.get("/nowhere")
    assert status == 404
    assert "/readyz" in body


def test_a_head_has_no_body(served):
    assert served.get("/livez", "HEAD") == (200, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_another_method_learns_which_are_allowed(served, method):
    status, body = served.get("/livez", method)
    assert (status, "GET" in body) == (405, True)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe?\x00 HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nContent-Length: -5\r\nHost: \xff\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n" * 50,
    ],
    ids=["nothing", "TLS", "a bad URL", "bytes", "a version", "headers", "many", "long", "lines"],
)
@pytest.mark.parametrize("does_wait", [True, False])
def test_nonsense_and_hanging_up_leave_no_word(served, said, does_wait, capfd):
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as client:
        with suppress(OSError):
            client.sendall(said)
            if does_wait:
                client.shutdown(socket.SHUT_WR)
                client.recv(1 << 16)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert served.get("/livez") == (200, "ok\n")
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def impatient():
    opened = Served(PATIENT, request_seconds=0.5)
    yield opened
    opened.server.close()


def test_idle_and_dripping_clients_hold_neither_threads_nor_probes(impatient):
    before = threading.active_count()
    clients = [
        socket.create_connection(("127.0.0.1", impatient.server.port), timeout=10)
        for _ in range(100)
    ]
    for client in clients:
        with suppress(OSError):
            client.sendall(b"GET /li")
    assert impatient.get("/livez") == (200, "ok\n")
    until(lambda: threading.active_count() <= before + 40, "few threads to be left")
    until(lambda: is_cut_off(clients[-1]), "a byte now and then to buy no more time")
    until(lambda: threading.active_count() <= before, "all of them to be cut off")
    for client in clients:
        client.close()


def is_cut_off(client):
    try:
        client.sendall(b"v")
        return bool(select.select([client], [], [], 0.1)[0]) and not client.recv(1 << 10)
    except OSError:
        return True


@pytest.mark.parametrize(("host", "asked"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")])
def test_it_is_served_on_ipv6_too(host, asked):
    server = HttpServer(host, 0, Health(PATIENT), Metrics().registry)
    try:
        connection = http.client.HTTPConnection(asked, server.port, timeout=10)
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b"ok\n"
        connection.close()
    finally:
        server.close()


def test_a_thread_that_ended_makes_a_worker_not_alive(served):
    ended = threading.Thread(target=lambda: None, name="watchdog")
    served.health.threads += [served.server.thread, threading.current_thread()]
    assert served.get("/livez")[0] == 200
    ended.start()
    ended.join()
    served.health.threads.append(ended)
    status, body = served.get("/livez?verbose")
    assert (status, json.loads(body)["reasons"]) == (503, ["the thread watchdog has ended"])
    assert json.loads(body)["codes"] == ["thread_ended"]


def test_a_port_in_use_raises_the_systems_error(served):
    with pytest.raises(OSError, match="in use"):
        HttpServer("127.0.0.1", served.server.port, served.health, served.metrics.registry)

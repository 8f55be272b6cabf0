"""What is shown of the worker on this machine while the database cannot be asked."""

import socket

import pytest

from sync_worker.inspection import local_worker
from sync_worker.telemetry.health import Health
from sync_worker.telemetry.http import HttpServer
from sync_worker.telemetry.metrics import Metrics


@pytest.fixture
def health():
    return Health(3600.0)


@pytest.fixture
def server(health):
    opened = HttpServer("127.0.0.1", 0, health, Metrics().registry)
    yield opened
    opened.close()


def test_a_worker_that_is_not_ready_says_why(server, health):
    health.database_used("no route to host")
    answer = local_worker.readiness("127.0.0.1", server.port)
    assert answer is not None
    shown = local_worker.account(answer)
    assert "database_unavailable" in shown["not ready"]
    assert "no route to host" in shown["because"]
    assert shown["attempts"].startswith("0 attempts failed")
    assert shown["reads"] == "no partition"


def test_a_worker_that_listens_everywhere_is_asked_here(server):
    assert local_worker.readiness("0.0.0.0", server.port) is not None


def test_a_port_where_nobody_listens_gives_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert local_worker.readiness("127.0.0.1", port) is None


def test_another_program_at_the_port_gives_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert local_worker.readiness("127.0.0.1", other.getsockname()[1]) is None

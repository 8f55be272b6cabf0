"""A database's address with several servers, none of which says anything."""

import json
import socket
from contextlib import ExitStack

from tests.services.waiting import until

SERVERS = 3


def test_a_worker_goes_on_while_every_server_is_silent(stage):
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(SERVERS)
        ]
        ports = ",".join(str(each.getsockname()[1]) for each in listeners)
        hosts = ",".join(["127.0.0.1"] * SERVERS)
        worker = stage.start(
            DATABASE_URL=f"postgresql:///registry?host={hosts}&port={ports}",
            KAFKA_MAX_POLL_INTERVAL_MS="8000",
        )
        until(lambda: _attempts(worker) != 0, "a first attempt")
        until(lambda: _attempts(worker) not in {0, 1}, "the worker to try again")
        assert worker.process.poll() is None, worker.output
        assert not any("loop_stuck" in entry["codes"] for entry in worker.logged("not_ready"))
        assert worker.stop() == 0


def _attempts(worker):
    """How many have failed; None of a worker that has ended."""
    if worker.process.poll() is not None:
        return None
    code, body = worker.probe("/readyz?verbose")
    return json.loads(body)["attempts"] if code else 0

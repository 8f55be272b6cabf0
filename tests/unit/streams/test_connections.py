"""What a client leaves behind that finds no broker, as a worker that waits for one makes many."""

import gc
import socket
import threading
import time
import warnings
from pathlib import Path

import pytest

from sync_worker.streams.kafka import client, settings
from sync_worker.streams.kafka.admin import KafkaAdmin
from sync_worker.streams.kafka.settings import KafkaSettings, Security
from sync_worker.streams.protocol import StreamUnavailable


@pytest.fixture
def silent():
    """The address of a listener that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("protocol", ["SSL", "PLAINTEXT"])
def test_a_silent_listener_is_given_up_and_leaves_nothing_behind(silent, monkeypatch, protocol):
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(settings, "BOOTSTRAP_TIMEOUT_SECONDS", 0.5)
    kafka = KafkaSettings(silent, ("t",), "g", security=Security(protocol=protocol))
    before = left_behind()
    for _ in range(5):
        began = time.monotonic()
        with pytest.raises(StreamUnavailable):
            KafkaAdmin(kafka)
        assert time.monotonic() - began < 30
    assert left_behind() == before


def left_behind():
    """Threads and open files, once what nobody holds is gone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

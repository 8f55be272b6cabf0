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


@pytest.fixture
def hanging_up():
    """The address of a listener that ends each connection as soon as it is spoken to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # it was closed
                    return
                with connection:
                    connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_handshake_that_fails_closes_its_socket_at_once(hanging_up, monkeypatch):
    """A worker that retries every second would soon have no more files to open."""
    monkeypatch.setattr(settings, "BOOTSTRAP_TIMEOUT_SECONDS", 0.5)
    kafka = KafkaSettings(hanging_up, ("t",), "g", security=Security(protocol="SSL"))
    before = left_behind()
    gc.disable()
    try:
        with pytest.raises(StreamUnavailable):
            KafkaAdmin(kafka)
        assert len(open_files()) == before[1]
    finally:
        gc.enable()


def open_files():
    return list(Path("/proc/self/fd").iterdir())


def left_behind():
    """Threads and open files, once what nobody holds is gone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return threading.active_count(), len(open_files())

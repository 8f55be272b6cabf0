"""Events that keep coming while something is staged, and how many of them a broker has taken."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from threading import Event as Flag
from threading import Thread
from typing import Any, Self
from zlib import crc32

from kafka import KafkaProducer

from tests.builders import Event
from tests.real.worker.expected import Place
from tests.real.worker.stage import Stage
from tests.real.worker.streams import anything

_TICK_SECONDS = 0.05
_DELIVERY_SECONDS = 120
_CHUNK = 1000
_NAMES = 500
_CHUNK_MINUTES = 30
"""Between one chunk and the next; millions of events end before today."""


def endless(seed: int) -> Iterator[Event | bytes]:
    """Random events without an end, the same ones for the same seed.

    Time passes in them, so that some are always news. Names come again, as those of clinics do: the
    decoder keeps tens of thousands of them, and memory would grow until it has as many.
    """
    for number in count():
        minutes = range(1 + number * _CHUNK_MINUTES, 1 + (number + 2) * _CHUNK_MINUTES)
        yield from map(_renamed, anything(seed * 1_000_000 + number, _CHUNK, minutes))


def _renamed(event: Event | bytes) -> Event | bytes:
    if isinstance(event, bytes) or "name" not in event["data"]:
        return event
    name = f"Klinik {crc32(event['data']['name'].encode()) % _NAMES}"
    return {**event, "data": {**event["data"], "name": name}}


class Load:
    """Sends at a steady pace until the block ends; every record has then been acknowledged."""

    def __init__(self, stage: Stage, seed: int, per_second: float) -> None:
        self._stage = stage
        self._records = stage.placed(endless(seed))
        self._per_tick = per_second * _TICK_SECONDS
        self._is_over = Flag()
        self._thread = Thread(target=self._send, daemon=True)
        self.produced: Counter[Place] = Counter((r.topic, r.partition) for r in stage.records())
        """How many of each partition were there before, and how many were acknowledged since."""
        self.errors: list[BaseException] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join(_DELIVERY_SECONDS + 30)
        if error[0] is None:
            assert not self._thread.is_alive(), "the producer does not end"
            assert not self.errors, self.errors

    def _send(self) -> None:
        # A broker that comes back is found again within a second, not within 30.
        producer = KafkaProducer(
            bootstrap_servers=self._stage.bootstrap,
            reconnect_backoff_max_ms=1000,
            delivery_timeout_ms=_DELIVERY_SECONDS * 1000,
        )
        try:
            self._keep_pace(producer)
            producer.flush(timeout=_DELIVERY_SECONDS)
        except Exception as error:  # noqa: BLE001 - told by the thread that waits
            self.errors.append(error)
        finally:
            producer.close(timeout=5)

    def _keep_pace(self, producer: KafkaProducer) -> None:
        """Send what is due in each tick; one that comes late sends what it missed."""
        began_at, sent = time.monotonic(), 0
        while not self._is_over.wait(_TICK_SECONDS):
            due = int((time.monotonic() - began_at) / _TICK_SECONDS * self._per_tick)
            for place, key, value in islice(self._records, due - sent):
                self._send_one(producer, place, key, value)
            sent = max(sent, due)

    def _send_one(
        self, producer: KafkaProducer, place: Place, key: bytes | None, value: bytes | None
    ) -> None:
        future = producer.send(place[0], key=key, value=value, partition=place[1])
        future.add_callback(self._count)
        future.add_errback(self.errors.append)

    def _count(self, metadata: Any) -> None:
        self.produced[metadata.topic, metadata.partition] += 1

"""Random streams of events with everything in them: late ones, repeats, and bad records."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Thread

from tests.builders import Event, activated, deactivated, event, region_changed
from tests.real.worker.expected import REGIONS

CLINICS = [f"SE2321000016-K{number:03}" for number in range(40)]
REGISTERED = CLINICS[:15]


def opening() -> list[Event]:
    """Every clinic, active and in a region: after it they can be registered."""
    return [
        one
        for hsa_id in CLINICS
        for one in (activated(hsa_id, 0, name="Först"), region_changed(hsa_id, 0, "01"))
    ]


def anything(seed: int, length: int, minutes: range = range(1, 5000)) -> Iterator[Event | bytes]:
    """Random events of these minutes, the same ones for the same seed."""
    rng = random.Random(seed)
    sent: list[Event] = []
    for number in range(length):
        hsa_id, minute = rng.choice(CLINICS), rng.randrange(minutes.start, minutes.stop)
        drawn = rng.randrange(20)
        if drawn == 0:
            yield rng.choice([b"{not json", b"", b"\xff\xfe"])
        elif drawn == 1:
            yield region_changed(hsa_id, minute, "11", id=f"bad-{seed}-{number}")
        elif drawn == 2:
            yield event("eservices.clinic.painted.v1", hsa_id, minute) | {"type": "other.v1"}
        elif drawn < 6 and sent:
            yield rng.choice(sent)
        else:
            sent.append(_valid(rng, hsa_id, minute, f"{seed}-{number}"))
            yield sent[-1]


def _valid(rng: random.Random, hsa_id: str, minute: int, event_id: str) -> Event:
    match rng.randrange(4):
        case 0:
            return activated(hsa_id, minute, id=event_id, name=f"Klinik {event_id}")
        case 1:
            return deactivated(hsa_id, minute, id=event_id)
        case 2:
            return activated(hsa_id, minute, id=event_id)
        case _:
            return region_changed(hsa_id, minute, rng.choice(REGIONS), id=event_id)


@contextmanager
def meanwhile(send: Callable[[Flag], None]) -> Iterator[None]:
    """Send from a thread, as upstream does, until the block is over and the flag is set."""
    is_over = Flag()
    thread = Thread(target=send, args=(is_over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(60)

"""The events: clinics that are activated, deactivated and moved, at random but always the same."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests import builders

from sync_worker.domain.regions import REGION_NAMES

Event = dict[str, Any]

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_SEED = 4
_REGIONS = sorted(REGION_NAMES)
REGIONS_WITH_BOARD = _REGIONS[1:]
"""One region has its service off, so that clinics move to where nobody can file, too."""


def clinics(clinic_count: int) -> list[str]:
    """The HSA-ids of so many clinics."""
    return [f"SE2321000016-{number:05d}" for number in range(clinic_count)]


def registered(clinic_count: int) -> list[str]:
    """Those of so many that are registered: a third of them."""
    return clinics(clinic_count)[::3]


def first_activations(clinic_count: int) -> Iterator[Event]:
    """One for each clinic, before everything else."""
    for number, hsa_id in enumerate(clinics(clinic_count)):
        region = _REGIONS[number % len(_REGIONS)]
        yield _activated(hsa_id, _BEGINNING, region)


def events(event_count: int, clinic_count: int, first: int = 1) -> Iterator[Event]:
    """Half of them activations, a fifth deactivations, the rest moves; a second apart.

    `first` is the number of the first one: those that follow others are later than they are.
    """
    chance = random.Random(_SEED)  # noqa: S311 - no secret, and the same events every time
    known = clinics(clinic_count)
    for number in range(first, first + event_count):
        time = _BEGINNING + timedelta(seconds=number)
        hsa_id, region = chance.choice(known), chance.choice(_REGIONS)
        match chance.choices(("activated", "deactivated", "moved"), (50, 20, 30))[0]:
            case "activated":
                yield _activated(hsa_id, time, region)
            case "deactivated":
                yield builders.deactivated(hsa_id, time, sequence=f"{number:019d}")
            case _:
                yield builders.region_changed(hsa_id, time, region, sequence=f"{number:019d}")


def at_the_head(clinic_count: int, first: int = 1) -> Iterator[Event]:
    """Events without end as an ordinary day brings them: nine of ten change no clinic's status.

    Those are names of clinics that stay where they are. Every tenth clinic leaves its region, half
    of these by a deactivation and half by a move.
    """
    chance = random.Random(_SEED + first)  # noqa: S311 - no secret, and the same events every time
    known = list(enumerate(clinics(clinic_count)))
    for number in count(first):
        time = _BEGINNING + timedelta(seconds=number)
        place, hsa_id = chance.choice(known)
        match chance.choices(("named", "deactivated", "moved"), (90, 5, 5))[0]:
            case "named":
                region = _REGIONS[place % len(_REGIONS)]
                yield _activated(hsa_id, time, region, f"Kliniken {number}")
            case "deactivated":
                yield builders.deactivated(hsa_id, time, sequence=f"{number:019d}")
            case _:
                region = chance.choice(_REGIONS)
                yield builders.region_changed(hsa_id, time, region, sequence=f"{number:019d}")


def _activated(hsa_id: str, time: datetime, region: str, name: str = "") -> Event:
    """As the contract's example has it: with name and region."""
    name = name or f"Exempelkliniken {hsa_id[-5:]}"
    number = int((time - _BEGINNING).total_seconds())
    return builders.activated(hsa_id, time, sequence=f"{number:019d}", name=name, regionCode=region)

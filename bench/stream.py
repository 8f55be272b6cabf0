"""The events: clinics that are activated, deactivated and moved, at random but always the same."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests import builders

from sync_worker.domain.regions import REGION_NAMES

Event = dict[str, Any]

_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_SEED = 4
_REGIONS = sorted(REGION_NAMES)
REGIONS_WITH_BOARD = _REGIONS[1:]
"""One region has its service off, so that clinics move to where nobody can file, too."""


def clinics(count: int) -> list[str]:
    """The HSA-ids of so many clinics."""
    return [f"SE2321000016-{number:05d}" for number in range(count)]


def first_activations(count: int) -> Iterator[Event]:
    """One for each clinic, before everything else."""
    for number, hsa_id in enumerate(clinics(count)):
        region = _REGIONS[number % len(_REGIONS)]
        yield _activated(hsa_id, _BEGINNING, region)


def events(count: int, clinic_count: int, first: int = 1) -> Iterator[Event]:
    """Half of them activations, a fifth deactivations, the rest moves; a second apart.

    `first` is the number of the first one: those that follow others are later than they are.
    """
    chance = random.Random(_SEED)  # noqa: S311 - no secret, and the same events every time
    known = clinics(clinic_count)
    for number in range(first, first + count):
        time = _BEGINNING + timedelta(seconds=number)
        hsa_id, region = chance.choice(known), chance.choice(_REGIONS)
        match chance.choices(("activated", "deactivated", "moved"), (50, 20, 30))[0]:
            case "activated":
                yield _activated(hsa_id, time, region)
            case "deactivated":
                yield builders.deactivated(hsa_id, time, sequence=f"{number:019d}")
            case _:
                yield builders.region_changed(hsa_id, time, region, sequence=f"{number:019d}")


def _activated(hsa_id: str, time: datetime, region: str) -> Event:
    """As the contract's example has it: with name and region."""
    name = f"Exempelkliniken {hsa_id[-5:]}"
    number = int((time - _BEGINNING).total_seconds())
    return builders.activated(hsa_id, time, sequence=f"{number:019d}", name=name, regionCode=region)

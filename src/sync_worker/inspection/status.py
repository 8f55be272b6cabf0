"""How the worker and the registry are: true also when no worker runs, since both are stored."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from sync_worker.clinics.regions import Regions
from sync_worker.registry import positions, queries, registrations
from sync_worker.registry.positions import Counts, Position, latest
from sync_worker.registry.queries import Gauges
from sync_worker.registry.unit import Registry


def status(registry: Registry, in_use: Regions) -> dict[str, Any]:
    """The document of `sync-worker status`, from one snapshot.

    `end` and `lag` are null: they belong to a Kafka cluster, and an archive is not kept open.
    """
    with registry.snapshot() as connection:
        known = positions.listed(connection)
        gauges = queries.gauges(connection)
        services_on = len(registrations.boards(connection).keys() & set(in_use))
        attention = _attention(connection, gauges, in_use)
    return {
        "partitions": [_partition(position) for position in known],
        "lag": None,
        "clinics": {
            "known": gauges.known,
            "registered": gauges.registered,
            "receiving": gauges.receiving,
            "deactivated": gauges.deactivated,
        },
        "regions": {"service_on": services_on},
        "dead_letters": {
            "open": gauges.open_dead_letters,
            "oldest_at": gauges.oldest_dead_letter_at,
        },
        "holds": {"open": gauges.open_holds},
        "last_applied_at": latest(*(position.last_applied_at for position in known)),
        "newest_event_at": latest(*(position.newest_event_at for position in known)),
        "attention": attention,
    }


def counts_item(counts: Counts) -> dict[str, int]:
    """Counts in the form that every command prints them in."""
    return {"read": counts.read, **asdict(counts)}


def _partition(known: Position) -> dict[str, Any]:
    return {
        "stream": known.stream,
        **known.partition._asdict(),
        "position": known.next_offset,
        "end": None,
        "lag": None,
        **counts_item(known.counts),
    }


def _attention(connection: Connection, gauges: Gauges, in_use: Regions) -> list[str]:
    """What a person should look at, each with what to type."""
    texts = []
    if gauges.open_dead_letters:
        are_set_aside = _number(gauges.open_dead_letters, "record is", "records are")
        texts.append(f"{are_set_aside} set aside: sync-worker deadletters list")
    service_on = registrations.boards(connection).keys()
    for region_code, counts in sorted(queries.regions(connection).items(), key=str):
        clinics = _number(counts["registered"], "registered clinic", "registered clinics")
        if region_code is None:
            texts.append(f"{clinics} of no region: sync-worker clinics list")
        elif region_code not in in_use:
            texts.append(
                f"{clinics} of region {region_code}, which is not in use: sync-worker clinics list"
            )
        elif region_code not in service_on:
            texts.append(
                f"{clinics} of region {region_code}, which has no patient board: "
                f"sync-worker regions show {region_code}"
            )
    return texts


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

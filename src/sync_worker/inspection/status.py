"""How the worker and the registry are: true also when no worker runs, since both are stored."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from sync_worker.registry import positions, queries, registrations
from sync_worker.registry.positions import Counts, Position, latest
from sync_worker.registry.queries import Gauges
from sync_worker.registry.unit import Registry


def status(registry: Registry) -> dict[str, Any]:
    """The document of `sync-worker status`, from one snapshot.

    `end` and `lag` are null: they belong to a Kafka cluster, and an archive is not kept open.
    """
    with registry.snapshot() as connection:
        known = positions.listed(connection)
        gauges = queries.gauges(connection)
        attention = _attention(connection, gauges)
    return {
        "partitions": [_partition(position) for position in known],
        "lag": None,
        "clinics": {
            "known": gauges.known,
            "registered": gauges.registered,
            "receiving": gauges.receiving,
            "deactivated": gauges.deactivated,
        },
        "regions": {"service_on": gauges.services_on},
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


def _attention(connection: Connection, gauges: Gauges) -> list[str]:
    """What a person should look at, each with what to type."""
    texts = []
    if gauges.open_dead_letters:
        texts.append(
            f"{gauges.open_dead_letters} records are set aside: sync-worker deadletters list"
        )
    service_on = registrations.boards(connection).keys()
    for region_code, counts in sorted(queries.regions(connection).items(), key=str):
        if region_code not in service_on:
            texts.append(
                f"{counts['registered']} registered clinics are in region {region_code}, "
                f"which has no patient board: sync-worker regions show {region_code}"
            )
    return texts

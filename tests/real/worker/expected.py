"""What the registry must come to, folded from the logs as they stand, without the program's code.

Activation and name are stated in one topic, the region in the other, and each clinic keeps to one
partition of each. So every count and every entry of the log is determined, however the partitions
are interleaved and whoever reads them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.worlds.fold import Fold

REGIONS = [
    "01",
    "03",
    "04",
    "05",
    "06",
    "07",
    "08",
    "09",
    "10",
    "12",
    "13",
    "14",
    "17",
    "18",
    "19",
    "20",
    "21",
    "22",
    "23",
    "24",
    "25",
]
CHANGES = {"region": "moved", "name": "renamed"}
ACTIVATIONS = {True: "activated", False: "deactivated"}

Place = tuple[str, int]
Change = tuple[str, str, str | None, str | None, str, int, int]


@dataclass
class Contents:
    """The registry: rows, counts by partition, dead letters and the change log."""

    rows: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    counts: dict[Place, dict[str, int]] = field(default_factory=dict)
    dead_letters: list[tuple[str, int, int, str, bytes | None]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


Judged = tuple[Any, dict[str, Any] | None, str]
"""A record, and the event that it carries; without one, what becomes of it."""


def folded(records: Iterable[Any], activation_topic: str, registered: Collection[str]) -> Contents:
    """Fold a client's records; the log has the changes of `registered` clinics alone."""
    return folded_as_judged(
        ((record, *_judged(record, activation_topic)) for record in records), registered
    )


def folded_as_judged(judged: Iterable[Judged], registered: Collection[str]) -> Contents:
    """Fold records of which somebody has said what they carry."""
    fold = Fold()
    come_to = Contents()
    counts: dict[Place, Counter[str]] = defaultdict(Counter)
    for record, document, verdict in judged:
        place = (record.topic, record.partition)
        if document is not None:
            outcome, changes = _read(fold, document)
            come_to.changes += [
                (*_change(*change), *place, record.offset)
                for change in changes
                if change[0] in registered
            ]
        elif verdict == "ignored":
            outcome = verdict
        else:
            outcome = "dead_lettered"
            come_to.dead_letters.append((*place, record.offset, verdict, record.value))
        counts[place][outcome] += 1
    come_to.rows = fold.rows()
    come_to.counts = {place: dict(counted) for place, counted in counts.items()}
    come_to.dead_letters.sort(key=repr)
    come_to.changes.sort(key=repr)
    return come_to


def _read(fold: Fold, document: dict[str, Any]) -> tuple[str, list[tuple[str, str, Any, Any]]]:
    """The outcome of one event, and what it changed."""
    outcomes, changes = fold.outcomes.copy(), len(fold.changes)
    fold.read(document)
    (outcome,) = fold.outcomes - outcomes
    return outcome, fold.changes[changes:]


def _judged(record: Any, activation_topic: str) -> tuple[dict[str, Any] | None, str]:
    """The event that a record carries, or what becomes of one that carries none."""
    if record.value is None:
        is_gone = record.topic == activation_topic
        return (_tombstone(record), "") if is_gone else (None, "ignored")
    try:
        document = json.loads(record.value)
    except ValueError:
        return None, "invalid_json"
    if not document["type"].startswith("eservices.clinic."):
        return None, "ignored"
    if document["data"].get("regionCode", REGIONS[0]) not in REGIONS:
        return None, "unknown_region"
    if record.key.decode() != document["data"]["hsaId"]:
        return None, "identity_mismatch"
    return document, ""


def _tombstone(record: Any) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return {
        "type": "eservices.clinic.deactivated.v1",
        "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "id": "",
        "data": {"hsaId": record.key.decode()},
    }


def _change(hsa_id: str, fact: str, old: Any, new: Any) -> tuple[str, str, Any, Any]:
    name = ACTIVATIONS[new] if fact == "activation" else CHANGES[fact]
    return hsa_id, name, _text(old), _text(new)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value

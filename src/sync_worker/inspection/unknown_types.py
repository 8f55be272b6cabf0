"""Topics that bring little else than events of types that are not known.

An unknown type is no error (contract 1): most of them are other programs' business. A type that a
framework overwrote or put in quotes is one too, though, and then nothing of it is applied.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection

from sync_worker.events.decode_result import quoted
from sync_worker.events.likely_causes import similar_known_type
from sync_worker.events.models import MODELS
from sync_worker.registry import positions, unknown_types
from sync_worker.registry.positions import Counts, latest
from sync_worker.registry.unknown_types import OTHERS, UnknownTypeCount

_OF_LATE = timedelta(days=7)
"""Before the newest that was counted or applied: what was mended longer ago is not told."""
_MANY_IN_A_ROW = 20


class Suspect(NamedTuple):
    """A topic of which somebody should look at what is published to it; `text` says why."""

    topic: str
    text: str


def suspects(connection: Connection) -> list[Suspect]:
    """The topics, in the order of their names."""
    known = positions.listed(connection)
    newest = latest(*(at.last_applied_at for at in known))
    ignored = unknown_types.listed(connection)
    since = latest(newest, *(of.counted_at for of in ignored))
    recent = [of for of in ignored if since is None or of.counted_at >= since - _OF_LATE]
    in_a_row = unknown_types.in_a_row(connection)
    found: list[Suspect] = []
    for (stream, topic), types in groupby(recent, key=lambda of: (of.stream, of.topic)):
        counts = (at.counts for at in known if (at.stream, at.partition.topic) == (stream, topic))
        read = sum(counts, Counts()).read
        found += _of_topic(topic, list(types), read, in_a_row.get((stream, topic), 0))
    return sorted(found)


def _of_topic(
    topic: str, types: list[UnknownTypeCount], read: int, in_a_row: int
) -> Iterator[Suspect]:
    alike = [
        (of, like) for of in types if (like := similar_known_type(of.type, MODELS)) is not None
    ]
    for of, like in alike:
        yield Suspect(topic, f"{_records(of)} in {topic}: it is ignored, and looks like {like}")
    if alike:
        return
    unknown = sum(of.records for of in types)
    most = next((of for of in types if of.type != OTHERS), None)
    often = f", most often {quoted(most.type)}" if most else ""
    if 2 * unknown > read:
        yield Suspect(topic, f"{unknown} of {topic}'s {read} records are of unknown types{often}")
    elif in_a_row >= _MANY_IN_A_ROW:
        yield Suspect(
            topic,
            f"the last {in_a_row} records of a partition of {topic} are of unknown types{often}",
        )


def _records(of: UnknownTypeCount) -> str:
    has = "record has" if of.records == 1 else "records have"
    return f"{of.records} {has} the type {quoted(of.type)}"

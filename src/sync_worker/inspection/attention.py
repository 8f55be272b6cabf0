"""What a person should look at in the registry, in the sentences that status and doctor share."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync_worker.domain.regions import Regions
from sync_worker.errors import Hint
from sync_worker.events.decode_result import quoted
from sync_worker.events.likely_causes import similar_known_type
from sync_worker.events.models import MODELS
from sync_worker.events.timestamps import CLOCKS_DIFFER
from sync_worker.language import counted
from sync_worker.registry import (
    guard_state,
    holds,
    positions,
    queries,
    registrations,
    unknown_types,
)
from sync_worker.registry.holds import UncorrectedHold
from sync_worker.registry.positions import Counts, latest
from sync_worker.registry.unknown_types import OTHERS, UnknownTypeCount
from sync_worker.remedies import Remedy

MANY_DEAD_LETTERS = 100
"""So many open ones are no longer about single records."""
WHAT_MANY_SUGGEST = "so many suggest a faulty program, not single bad records"
_RECENTLY = timedelta(days=7)
"""Before the newest that was counted or applied: what was corrected earlier is not mentioned."""
_MANY_IN_A_ROW = 20


class Attention(NamedTuple):
    """What a person should look at, and what to do about it."""

    text: str
    hint: Hint


class SuspectTopic(NamedTuple):
    """A topic that little is understood of; `text` says why somebody should look at it."""

    topic: str
    text: str


def attention_in(
    connection: Connection, in_use: Regions, open_dead_letters: int
) -> list[Attention]:
    """Everything in the registry that needs a person's attention."""
    return [
        *attention_to_holds(connection),
        *_attention_to_dead_letters(open_dead_letters),
        *_attention_to_registrations(connection),
        *_attention_to_regions(connection, in_use),
        *(
            Attention(suspect.text, Remedy.SEE_DOCTOR())
            for suspect in topics_of_unknown_types(connection)
        ),
    ]


def attention_to_newest_event(newest: datetime | None, now: datetime) -> Iterator[Attention]:
    """One where the newest event is ahead of the clock."""
    if newest is not None and is_ahead(newest, now):
        text = f"the newest event is {age(newest, now)}, so its time is wrong"
        yield Attention(text, Remedy.SEE_DOCTOR())


def attention_to_holds(connection: Connection) -> list[Attention]:
    """The open holds, then those that were withdrawn after other changes had taken effect."""
    uncorrected = {hold.number: hold for hold in holds.uncorrected(connection, guard_state.OPEN)}
    return [
        *(
            _attention_to_open_hold(hold, uncorrected.get(hold["id"]))
            for hold in holds.listed(connection, guard_state.OPEN)
        ),
        *(
            Attention(withdrawn_hold(hold), Remedy.ACKNOWLEDGE_HOLD(number=hold.number))
            for hold in holds.uncorrected(connection, guard_state.WITHDRAWN)
        ),
    ]


def withdrawn_hold(hold: UncorrectedHold) -> str:
    """That a hold was withdrawn, and what had taken effect before it remains."""
    clinics = counted(hold.clinics, "clinic", "clinics")
    return (
        f"Hold {hold.number} was withdrawn, but changes of {clinics} in region "
        f"{hold.region_code} that took effect before it remain in effect"
    )


def topics_of_unknown_types(connection: Connection) -> list[SuspectTopic]:
    """The topics that bring little but events of unknown types, or of misspelled ones, by name.

    An unknown type is not an error (contract 1): most of them are other programs' business. But a
    type that a framework overwrote or put in quotes is unknown too, and nothing of it is applied.
    """
    stored = positions.listed(connection)
    ignored = unknown_types.listed(connection)
    newest = latest(
        *(position.last_applied_at for position in stored), *(count.counted_at for count in ignored)
    )
    recent = [c for c in ignored if newest is None or c.counted_at >= newest - _RECENTLY]
    in_a_row = unknown_types.in_a_row(connection)
    suspects: list[SuspectTopic] = []
    for (stream, topic), counts in groupby(recent, key=lambda count: (count.stream, count.topic)):
        of_topic = (
            position.counts
            for position in stored
            if (position.stream, position.partition.topic) == (stream, topic)
        )
        read = sum(of_topic, Counts()).read
        suspects += _suspect(topic, list(counts), read, in_a_row.get((stream, topic), 0))
    return sorted(suspects)


def age(moment: datetime, now: datetime) -> str:
    """How old a moment is, or how far ahead of the clock; one that is ahead is never called old."""
    if moment > now:
        return f"{span(moment - now)} ahead of the clock"
    return f"{span(now - moment)} old"


def span(duration: timedelta) -> str:
    """A duration in the largest unit of which it has at least one."""
    seconds = duration.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether it is ahead of the clock by more than clocks differ."""
    return moment - now > CLOCKS_DIFFER


def _attention_to_open_hold(
    hold: Mapping[str, Any], uncorrected: UncorrectedHold | None
) -> Attention:
    clinics = counted(hold["count"], "clinic", "clinics")
    before = ""
    if uncorrected is not None:
        others = counted(uncorrected.clinics, "clinic", "clinics")
        before = f", after changes of {others} there had taken effect"
    return Attention(
        f"hold {hold['id']} holds back changes of {clinics} in region {hold['region_code']}"
        f"{before}",
        Remedy.SEE_HOLD(number=hold["id"]),
    )


def _attention_to_dead_letters(open_dead_letters: int) -> Iterator[Attention]:
    if open_dead_letters:
        are_dead_lettered = counted(open_dead_letters, "record is", "records are")
        why = f"; {WHAT_MANY_SUGGEST}" if open_dead_letters >= MANY_DEAD_LETTERS else ""
        text = f"{are_dead_lettered} dead-lettered{why}"
        yield Attention(text, Remedy.LIST_DEAD_LETTERS())


def _attention_to_registrations(connection: Connection) -> Iterator[Attention]:
    drifted = registrations.drifted(connection)
    if drifted:
        differ = counted(len(drifted), "registration differs", "registrations differ")
        first = next(iter(drifted.values()))
        text = f"{differ} from the change log, for example {first}"
        yield Attention(text, Remedy.SEE_DOCTOR())


def _attention_to_regions(connection: Connection, in_use: Regions) -> Iterator[Attention]:
    """Registered clinics that receive no cases, for the sake of their region or of TAK."""
    by_region = queries.regions(connection, None)
    in_tak = sum(counts["own_system"] for counts in by_region.values())
    if in_tak:
        receive = counted(
            in_tak,
            "registered clinic is also in TAK, and so receives",
            "registered clinics are also in TAK, and so receive",
        )
        yield Attention(f"{receive} no cases here", Remedy.LIST_TAK())
    service_on = registrations.boards(connection).keys()
    for region_code, counts in sorted(by_region.items(), key=str):
        belong = counted(
            counts["registered"], "registered clinic belongs", "registered clinics belong"
        )
        if region_code is None:
            yield Attention(f"{belong} to no region", Remedy.SEE_CLINICS())
        elif region_code not in in_use:
            text = f"{belong} to region {region_code}, which is not in use"
            yield Attention(text, Remedy.SEE_CLINICS_OF_REGION(region_code=region_code))
        elif region_code not in service_on:
            text = f"{belong} to region {region_code}, which has no patient board"
            yield Attention(text, Remedy.SHOW_REGION(region_code=region_code))


def _suspect(
    topic: str, counts: list[UnknownTypeCount], read: int, in_a_row: int
) -> Iterator[SuspectTopic]:
    similar = [(count, similar_known_type(count.type, MODELS)) for count in counts]
    misspelled = [(count, known_type) for count, known_type in similar if known_type is not None]
    for count, known_type in misspelled:
        have = counted(count.records, "record has", "records have")
        text = f"{have} the type {quoted(count.type)} in {topic}: it is ignored, and looks like "
        yield SuspectTopic(topic, f"{text}{known_type}")
    if misspelled:
        return
    unknown = sum(count.records for count in counts)
    most = next((count for count in counts if count.type != OTHERS), None)
    often = f", most often {quoted(most.type)}" if most else ""
    if 2 * unknown > read:
        text = f"{unknown} of {topic}'s {read} records are of unknown types{often}"
        yield SuspectTopic(topic, text)
    elif in_a_row >= _MANY_IN_A_ROW:
        text = f"the last {in_a_row} records of a partition of {topic} are of unknown types{often}"
        yield SuspectTopic(topic, text)

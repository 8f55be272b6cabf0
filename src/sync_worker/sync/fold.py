"""The fold of a whole stream: each clinic's newest facts, and the records that state them.

Two folds at once: of the records that the worker has passed, by its positions at one moment, and of
those beyond. Memory grows with the clinics, not with the records.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sync_worker.clinics.facts import Fact, Register, Version
from sync_worker.events.codec import Codec
from sync_worker.events.record import Partition, Record
from sync_worker.events.verdicts import Event
from sync_worker.registry.survey import Address

_NUMBER_OF = {fact: number for number, fact in enumerate(Fact)}
_FACTS = len(_NUMBER_OF)


class Stated(NamedTuple):
    """A fact, and where the record stands that states it."""

    register: Register[Any]
    address: Address


Slots = list[Any]
"""A clinic's registers in the order of `Fact`, then as many addresses. A list of plain values,
since one is looked at for each of millions of records."""


Place = tuple[str, Fact]
"""A clinic's HSA-id, and one of its facts."""

Contents = tuple[dict[str, Slots], dict[str, Slots], dict[Place, Stated]]


class Waiting(NamedTuple):
    """What is held of a fact, and the version that the row has beneath it."""

    held: Register[Any]
    version: Version | None


class Passed(NamedTuple):
    """What of a stream the worker is done with.

    `positions` is None where it has none in that stream: then everything counts as passed. Records
    with an address and a digest in `set_aside` are below the positions and no facts.
    """

    positions: Mapping[Partition, int] | None
    set_aside: Mapping[Address, frozenset[str]] = {}
    waiting: Mapping[str, Mapping[Fact, Waiting]] = {}
    """What is held, by clinic: there the row is not what was passed last."""


class Fold:
    """Folds a stream's records, in any order."""

    def __init__(self, codec: Codec, passed: Passed) -> None:
        self._codec = codec
        known = passed.positions
        self._positions: dict[tuple[str, int], int] | None = (
            None
            if known is None
            else {(at.topic, at.partition): offset for at, offset in known.items()}
        )
        self._set_aside = passed.set_aside
        self._passed: dict[str, Slots] = {}
        self._beyond: dict[str, Slots] = {}
        self._waiting = passed.waiting
        self._under_held: dict[Place, Stated] = {}

    def read(self, records: Iterable[Record], now: datetime) -> None:
        """Take records in; `now` is the clock. What the codec sets aside or ignores is no fact."""
        decode = self._codec.decode
        for record in records:
            event = decode(record, now)
            if isinstance(event, Event):
                self._state(event, record)

    def contents(self) -> Contents:
        """What it has come to, as plain data that another process can be given."""
        return self._passed, self._beyond, self._under_held

    def join(self, contents: Contents) -> None:
        """Take in what another fold, of other partitions of the same stream, has come to."""
        *registers, under_held = contents
        for mine, others in zip((self._passed, self._beyond), registers, strict=True):
            for hsa_id, slots in others.items():
                mine[hsa_id] = _joined(mine.get(hsa_id), slots)
        for place, stated in under_held.items():
            self._under_held[place] = max(stated, self._under_held.get(place, stated))

    def hsa_ids(self) -> set[str]:
        """The clinics that an event names."""
        return self._passed.keys() | self._beyond.keys()

    def passed(self, hsa_id: str, fact: Fact) -> Stated | None:
        """The newest that the worker has passed."""
        return _stated(self._passed, hsa_id, fact)

    def newest(self, hsa_id: str, fact: Fact) -> Stated | None:
        """The newest of the whole stream."""
        passed, beyond = self.passed(hsa_id, fact), _stated(self._beyond, hsa_id, fact)
        if passed is None or beyond is None:
            return passed or beyond
        return beyond if passed.register < beyond.register else passed

    def under_held(self, hsa_id: str, fact: Fact) -> Stated | None:
        """What is stated by the version that the row has, where something newer is held."""
        return self._under_held.get((hsa_id, fact))

    def _state(self, event: Event, record: Record) -> None:
        is_passed = self._positions is None or record.offset < self._positions.get(record[:2], 0)
        if is_passed and (digests := self._set_aside.get(record[:3])) and record.digest in digests:
            return
        clinics = self._passed if is_passed else self._beyond
        slots = clinics.get(event.hsa_id)
        if slots is None:
            slots = clinics[event.hsa_id] = [None] * (2 * _FACTS)
        _take(slots, event, record)
        if is_passed and event.hsa_id in self._waiting:
            self._look_under_held(event, record)

    def _look_under_held(self, event: Event, record: Record) -> None:
        for fact, waiting in self._waiting[event.hsa_id].items():
            register = event.facts[_NUMBER_OF[fact]]
            if register is None or register[:3] != waiting.version or register >= waiting.held:
                continue
            stated, place = Stated(register, record.address), (event.hsa_id, fact)
            self._under_held[place] = max(stated, self._under_held.get(place, stated))


def _take(slots: Slots, event: Event, record: Record) -> None:
    number = 0
    for register in event.facts:
        if register is not None and (slots[number] is None or slots[number] < register):
            slots[number] = register
            slots[number + _FACTS] = record.address
        number += 1  # noqa: SIM113 - counted by hand, which is quicker


def _joined(mine: Slots | None, others: Slots) -> Slots:
    if mine is None:
        return others
    for number in range(_FACTS):
        register = others[number]
        if register is not None and (mine[number] is None or mine[number] < register):
            mine[number], mine[number + _FACTS] = register, others[number + _FACTS]
    return mine


def _stated(clinics: Mapping[str, Slots], hsa_id: str, fact: Fact) -> Stated | None:
    slots, number = clinics.get(hsa_id), _NUMBER_OF[fact]
    if slots is None or slots[number] is None:
        return None
    return Stated(slots[number], slots[number + _FACTS])

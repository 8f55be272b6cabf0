"""Facts of a clinic and how they merge: the one idea of the program.

A clinic's state is three last-writer-wins registers. An event is a small state with one to three
of them set. Applying an event is merging the two: per register the greater one stays. Merging is
commutative, associative and idempotent, so arrival order, duplicates, batches, partitions and
replays end in the same facts (contract 1, "Which fact wins"; domain, decision 7).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from sync_worker.domain.tuples import new

Value = TypeVar("Value", bool, str)

Version = tuple[datetime, str, str]
"""Instant, sequence and event id: a register's without its value."""


class Fact(StrEnum):
    """What an event can state of a clinic, each on its own."""

    ACTIVATION = "activation"
    REGION = "region"
    NAME = "name"


PLACES: Mapping[Fact, int] = {fact: place for place, fact in enumerate(Fact)}
"""Where each fact stands among `Facts`."""


class Register(NamedTuple, Generic[Value]):
    """A value with its version.

    The order of the fields is the rule: registers compare as tuples, by the instant when it
    happened upstream (UTC, microseconds), then the sequence as text, the event's id and the value,
    false before true.
    """

    time: datetime
    sequence: str
    event_id: str
    value: Value


class Facts(NamedTuple):
    """The registers of a clinic, or those that one event states; None where never stated.

    The fields are those of `Fact`, in its order.
    """

    activation: Register[bool] | None = None
    region: Register[str] | None = None
    name: Register[str] | None = None

    def of(self, fact: Fact) -> Register[Any] | None:
        """The register of a fact."""
        return self[PLACES[fact]]

    def merge(self, other: "Facts") -> "Facts":
        """Per register the greater of the two; `self` itself where `other` has nothing newer."""
        # A replay comes through here with every record: no loop, no call.
        activation, region, name = self
        stated_activation, stated_region, stated_name = other
        is_newer = False
        if stated_activation and (activation is None or stated_activation > activation):
            activation, is_newer = stated_activation, True
        if stated_region and (region is None or stated_region > region):
            region, is_newer = stated_region, True
        if stated_name and (name is None or stated_name > name):
            name, is_newer = stated_name, True
        return new(Facts, (activation, region, name)) if is_newer else self

    def stated(
        self, version: Version, active: bool | None, region_code: str | None, name: str | None
    ) -> "Facts":
        """As `merge` with what one event states; only what is newer is made a register of.

        `version` is the event's; the values are None where it states nothing.
        """
        # The worker comes through here with every record. Nearly always the instants tell; where
        # they are the same, registers compare as ever. A property test holds it to `merge`.
        time = version[0]
        activation, region, named = self
        is_newer = False
        if active is not None and (
            activation is None
            or time > activation[0]
            or (time == activation[0] and (*version, active) > activation)
        ):
            activation, is_newer = new(Register, (*version, active)), True
        if region_code is not None and (
            region is None
            or time > region[0]
            or (time == region[0] and (*version, region_code) > region)
        ):
            region, is_newer = new(Register, (*version, region_code)), True
        if name is not None and (
            named is None or time > named[0] or (time == named[0] and (*version, name) > named)
        ):
            named, is_newer = new(Register, (*version, name)), True
        return new(Facts, (activation, region, named)) if is_newer else self


class Change(NamedTuple):
    """One value that a merge changed; `old` is None where the fact was never stated."""

    fact: Fact
    old: bool | str | None
    new: bool | str


def changes(before: Facts, after: Facts) -> list[Change]:
    """The values that differ; a newer version of the same value is not a change."""
    # Iterating over `Fact` itself would make the whole merge a fifth slower.
    return [
        Change(fact, None if was is None else was.value, now.value)
        for fact, was, now in zip(PLACES, before, after, strict=True)
        if now is not was and now is not None and (was is None or was.value != now.value)
    ]

"""Since when something is so of a clinic, and by which event or person.

The change log tells it of registered clinics, boards and TAK. It says nothing of what events
changed while a clinic was not registered: then the version that the fact has is all there is. Its
event says what is so, but an earlier one may have said the same: so it is so since that time *at
the latest*.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from sync_worker.administration.messages import explanations as says
from sync_worker.domain.facts import Fact
from sync_worker.language import FilledMessage
from sync_worker.registry import change_log
from sync_worker.registry.clinics import BEFORE_EVERY_EVENT
from sync_worker.registry.facts import FACTS

Entry = Mapping[str, Any]
"""An entry of the change log in the form of `clinics show --history`."""
_BY = ("actor", "login", "reason", "event_id", "topic", "partition", "offset")


class Cause(NamedTuple):
    """Since when, and by which event or person; None where nobody knows, or there is none."""

    since: datetime | None = None
    at_the_latest: bool = False
    """Whether it may have been so before."""
    actor: str | None = None
    login: str | None = None
    reason: str | None = None
    event_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    former: Any = None
    """What was so before; None where that is not known either."""

    def text(self) -> FilledMessage | str:
        """To be put behind what is so."""
        by = self._by()
        if self.since is None:
            return says.SINCE_UNKNOWN()
        if by is None:
            return says.SINCE(since=self.since)
        message = says.AT_LATEST_BY if self.at_the_latest else says.SINCE_BY
        return message(since=self.since, by=by)

    def _by(self) -> FilledMessage | None:
        event = None if self.event_id is None else event_named(**self._event())
        if self.actor is None:
            return event and says.BY_EVENT(event=event)
        person = says.BY_PERSON(actor=self.actor)
        if self.reason:
            person = says.BY_PERSON_AND_WHY(actor=self.actor, reason=self.reason)
        return person if event is None else says.BY_PERSON_OF_EVENT(person=person, event=event)

    def _event(self) -> dict[str, Any]:
        names = ("event_id", "topic", "partition", "offset")
        return {name: getattr(self, name) for name in names}


def event_named(
    event_id: str, topic: str | None = None, partition: int | None = None, offset: int | None = None
) -> FilledMessage:
    """An event in words: its id, and where its record stands if that is known."""
    event = says.EVENT(event_id=event_id) if event_id else says.EVENT_WITHOUT_ID()
    if topic is None:
        return event
    return says.EVENT_AT(event=event, topic=topic, partition=partition, offset=offset)


def of_entry(entry: Entry, since: datetime | None = None) -> Cause:
    """The cause that an entry tells; since it was made, or since when its event says."""
    told = {name: entry[name] for name in _BY}
    return Cause(since or entry["at"], **told, former=entry["old"])


def of_fact(
    fact: Fact, stated: Mapping[str, Any] | None, history: Sequence[Entry], *, is_registered: bool
) -> Cause:
    """Why a fact has its value; `stated` is value and version, None where never stated."""
    if stated is None:
        return Cause()
    newest = next((entry for entry in history if entry["change"] in FACTS[fact].changes), None)
    says_so = newest is not None and newest["new"] == stated["value"]
    if newest is not None and newest["event_id"] == stated["event_id"]:
        # A value that its own event did not state was written into the table by hand.
        return of_entry(newest, stated["time"]) if says_so else Cause()
    since_removal = takewhile(lambda entry: entry["change"] != change_log.REMOVED, history)
    if newest is not None and says_so and is_registered and newest in list(since_removal):
        return of_entry(newest)
    if stated["time"] == BEFORE_EVERY_EVENT:
        return Cause()
    return Cause(stated["time"], at_the_latest=True, event_id=stated["event_id"])


def of_registration(clinic: Mapping[str, Any], history: Sequence[Entry]) -> Cause:
    """Who added a registered clinic, or removed one that is not, and when."""
    if not clinic["registered"]:
        removal = _first(history, change_log.REMOVED)
        return Cause() if removal is None else of_entry(removal)
    entry = _first(history, change_log.REGISTERED)
    row_by, row_at = clinic["registered_by"], clinic["registered_at"]
    if entry is None or (entry["new"] or entry["actor"]) != row_by:
        # It differs from the log: restored from another copy, or triggers were off.
        return Cause(row_at, actor=row_by)
    return of_entry(entry, row_at)


def of_own_system(history: Sequence[Entry], *, is_in_tak: bool) -> Cause | None:
    """Who put a clinic into TAK or took it out, and when; None where nobody ever did."""
    change = change_log.OWN_SYSTEM_ADDED if is_in_tak else change_log.OWN_SYSTEM_REMOVED
    entry = _first(history, change_log.OWN_SYSTEM_ADDED, change_log.OWN_SYSTEM_REMOVED)
    if entry is None:
        return Cause() if is_in_tak else None
    return of_entry(entry) if entry["change"] == change else Cause()


def of_service(history: Sequence[Entry], *, is_on: bool) -> Cause | None:
    """Who switched a region's service on or off, and when; `history` is that of its board.

    A board that replaced another one did not. None where the service was never on.
    """
    switch = next(
        (entry for entry in history if entry["old"] is None or entry["new"] is None), None
    )
    if switch is None:
        return Cause() if is_on else None
    return of_entry(switch) if (switch["new"] is not None) is is_on else Cause()


def held_since(held: Mapping[str, Any], history: Iterable[Entry]) -> datetime:
    """Since when a value waits: as the log says, else since its hold was opened."""
    of_value = (entry for entry in history if entry["new"] == held["value"])
    entry = _first(of_value, change_log.HELD)
    since: datetime = held["opened_at"] if entry is None else entry["at"]
    return since


def _first(history: Iterable[Entry], *changes: str) -> Entry | None:
    return next((entry for entry in history if entry["change"] in changes), None)

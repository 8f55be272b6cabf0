"""When clinics that administrators had added could not receive cases, and why, from the change log.

The log is read backwards: what is so before a change is known once the change is undone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync_worker.administration import history
from sync_worker.administration.history import known
from sync_worker.administration.messages import history as says
from sync_worker.domain.clinic_status import Status
from sync_worker.domain.registry_history import (
    UNKNOWN,
    PastClinic,
    PastRegistry,
    Turn,
    Unknown,
)
from sync_worker.errors import Exit, UserError
from sync_worker.registry import log_history, registrations
from sync_worker.registry.log_history import LoggedChange

_CAUSE = ("change", "actor", "login", "reason", "event_id", "topic", "partition", "offset")
_END = {"until_change": "change", "until_actor": "actor", "until_event_id": "event_id"}


class Period(NamedTuple):
    """From one moment to another."""

    since: datetime
    until: datetime


def require_logged(connection: Connection, period: Period, now: datetime) -> None:
    """Raise UserError for a period that is empty, or not all of which is logged."""
    if period.until < period.since:
        raise UserError(Exit.USAGE, says.BACKWARDS(since=period.since, until=period.until))
    history.require_logged(connection, period.since, now)
    history.require_logged(connection, period.until, now)


def closures(
    connection: Connection, period: Period, region_codes: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """When clinics could not receive cases within a period, and why, in the order they began.

    An item for each status but `receiving` that a clinic had after an administrator added it; that
    of one that was removed is `not_registered`. `from` is None where it began before the period,
    `until` where it was not over at its end. The region is that in which the clinic was at first.
    """
    search = _Search(log_history.current(connection))
    for logged in log_history.after(connection, period.since):
        if logged.entry["at"] > period.until:
            search.past.undo(logged.change)
        else:
            search.go_back(logged)
    found = [*search.found, *search.begun_before()]
    names = registrations.names(connection, [item["hsa_id"] for item in found if not item["name"]])
    for item in found:
        item["name"] = item["name"] or names.get(item["hsa_id"])
    chosen = (item for item in found if not region_codes or item["region_code"] in region_codes)
    return sorted(chosen, key=lambda item: (item["from"] or period.since, item["hsa_id"]))


class _Search:
    """Goes back through a period, change by change, and notes when clinics were closed."""

    def __init__(self, past: PastRegistry) -> None:
        self.past = past
        self.found: list[dict[str, Any]] = []
        self._ended_by: dict[str, LoggedChange] = {}
        """By which change the status that each clinic has, as far back as we are, ended."""
        self._last_known: dict[str, PastClinic] = {}
        """What was last seen of each clinic whose status changed."""

    def go_back(self, logged: LoggedChange) -> None:
        """Undo a change, and note the closures that it began."""
        concerned = set(self.past.concerned(logged.change))
        after = {hsa_id: (self._status(hsa_id), self._clinic(hsa_id)) for hsa_id in concerned}
        self.past.undo(logged.change)
        for hsa_id, (status, clinic) in after.items():
            if status is self._status(hsa_id):
                continue
            was = logged.change.removed if logged.change.turn is Turn.REMOVAL else clinic
            if status is not Status.RECEIVING:
                self._note(hsa_id, status, was, logged.entry)
            self._ended_by[hsa_id], self._last_known[hsa_id] = logged, was

    def begun_before(self) -> Iterator[dict[str, Any]]:
        """The closures that had begun before all changes that were undone."""
        for hsa_id, clinic in self.past.clinics.items():
            status, end = self._status(hsa_id), self._ended_by.get(hsa_id)
            # One that is added for the first time was not closed before.
            was_removed = end is not None and end.change.before is False
            if clinic.is_registered and status is not Status.RECEIVING:
                yield _item(hsa_id, status, clinic, None, end)
            elif not clinic.is_registered and was_removed:
                yield _item(hsa_id, Status.NOT_REGISTERED, self._last_known[hsa_id], None, end)

    def _note(
        self,
        hsa_id: str,
        status: Status | Unknown,
        clinic: PastClinic,
        began_by: Mapping[str, Any],
    ) -> None:
        end = self._ended_by.get(hsa_id)
        # What one transaction closes and opens again was never seen to be closed.
        if end is None or end.entry["at"] > began_by["at"]:
            self.found.append(_item(hsa_id, status, clinic, began_by, end))

    def _clinic(self, hsa_id: str) -> PastClinic:
        return self.past.clinics.get(hsa_id, PastClinic())

    def _status(self, hsa_id: str) -> Status | Unknown:
        """Of one that is not registered that alone, whether it is in TAK or not."""
        is_registered = self._clinic(hsa_id).is_registered
        return self.past.status(hsa_id) if is_registered else Status.NOT_REGISTERED


def _item(
    hsa_id: str,
    status: Status | Unknown,
    clinic: PastClinic,
    began_by: Mapping[str, Any] | None,
    end: LoggedChange | None,
) -> dict[str, Any]:
    ended = {} if end is None else end.entry
    return {
        "hsa_id": hsa_id,
        "name": known(clinic.name),
        "region_code": known(clinic.region_code),
        "status": None if status is UNKNOWN else status.value,
        "from": began_by and began_by["at"],
        "until": ended.get("at"),
        **{name: began_by and began_by[name] for name in _CAUSE},
        **{name: ended.get(member) for name, member in _END.items()},
    }

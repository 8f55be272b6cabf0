"""The registered clinics as they were at a moment, from the change log.

Complete for registered clinics, whose every change is logged, as boards and TAK are. Entries have
the time of the host or the database that made them: moments are right to within what clocks differ.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from sync_worker.administration.messages import history as says
from sync_worker.domain.clinic_status import Status
from sync_worker.domain.registry_history import UNKNOWN, PastRegistry
from sync_worker.errors import Exit, UserError, Words
from sync_worker.registry import log_history
from sync_worker.registry.clinic_search import matcher
from sync_worker.registry.queries import ClinicFilter

_CLOCKS_DIFFER = timedelta(minutes=1)


def require_logged(connection: Connection, moment: datetime, now: datetime) -> None:
    """Raise UserError for a moment before the log begins, or after now."""
    if moment > now + _CLOCKS_DIFFER:
        raise _unknown_moment(says.IN_THE_FUTURE(moment=moment))
    begins = log_history.begins(connection)
    if begins is None:
        raise _unknown_moment(says.EMPTY_LOG(), says.NOTHING_EARLIER())
    if moment < begins:
        message = says.BEFORE_THE_LOG(begins=begins, moment=moment)
        raise _unknown_moment(message, says.NOTHING_EARLIER())


def list_clinics(
    connection: Connection, wanted: ClinicFilter, moment: datetime
) -> Iterator[dict[str, Any]]:
    """The clinics that were registered at a moment, as they were, in the form of `clinics list`.

    What the log does not tell is None, as is `updated_at`.

    Raises:
        UserError: those that were not registered are asked for.
    """
    if wanted.status is Status.NOT_REGISTERED:
        raise UserError(Exit.USAGE, says.REGISTERED_ALONE(), why=says.NOT_LOGGED())
    past = log_history.current(connection)
    for logged in log_history.after(connection, moment):
        past.undo(logged.change)
    rows = (_row(past, hsa_id) for hsa_id in sorted(past.clinics))
    matches = matcher(wanted.search)
    listed = (
        row
        for row in rows
        if row["registered"] and _is_wanted(row, wanted) and matches(row["hsa_id"], row["name"])
    )
    return islice(listed, wanted.limit)


def _unknown_moment(message: Words, why: Words = "") -> UserError:
    return UserError(Exit.USAGE, message, why=why, hint=says.NAME_A_TIME(), code="unknown_moment")


def _row(past: PastRegistry, hsa_id: str) -> dict[str, Any]:
    clinic, status = past.clinics[hsa_id], past.status(hsa_id)
    return {
        "hsa_id": hsa_id,
        "name": known(clinic.name),
        "region_code": known(clinic.region_code),
        "active": known(clinic.active),
        "registered": clinic.is_registered,
        "status": None if status is UNKNOWN else status.value,
        "updated_at": None,
    }


def _is_wanted(row: Mapping[str, Any], wanted: ClinicFilter) -> bool:
    is_there = not wanted.region_codes or row["region_code"] in wanted.region_codes
    is_so = wanted.status is None or row["status"] == wanted.status.value
    return is_there and is_so


def known(value: object) -> object:
    """A value of the past; None where the log does not tell it."""
    return None if value is UNKNOWN else value

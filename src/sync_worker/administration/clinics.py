"""Adding clinics to the registry and removing them: planned, asked for, judged again, done.

A plan only reads. Doing judges every clinic again under the lock of its row, so what is done is
right at that moment, whatever was planned (R1, R4, R5, R7).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from sync_worker.authorship import Authorship
from sync_worker.domain.admission import (
    AdmissionOutcome,
    AdmissionVerdict,
    Eligibility,
    Refusal,
    may_add,
    may_remove,
)
from sync_worker.registry import change_log, holds, registrations
from sync_worker.registry.change_log import LogEntry
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import acting
from sync_worker.registry.queries import meant
from sync_worker.registry.registrations import RegistrationDrift

ActingFor = Collection[str] | None
"""The region codes that somebody acts for; None where it is done nationally."""


class Item(NamedTuple):
    """What becomes of one HSA-id, in the form of `clinics add`."""

    hsa_id: str
    outcome: AdmissionOutcome
    reason: Refusal | None


@dataclass(frozen=True, slots=True)
class RegistrationChange:
    """What adding and removing differ in."""

    judge: Callable[[str, Eligibility | None, Collection[str] | None], AdmissionVerdict]
    done: AdmissionOutcome
    already: AdmissionOutcome
    change: str
    becomes_registered: bool


ADD = RegistrationChange(
    may_add,
    AdmissionOutcome.ADDED,
    AdmissionOutcome.ALREADY_REGISTERED,
    "registered",
    becomes_registered=True,
)
REMOVE = RegistrationChange(
    may_remove,
    AdmissionOutcome.REMOVED,
    AdmissionOutcome.NOT_REGISTERED,
    "removed",
    becomes_registered=False,
)


def plan(
    registry: Registry, verb: RegistrationChange, hsa_ids: Sequence[str], acting_for: ActingFor
) -> list[Item]:
    """What `do` would do now; changes nothing.

    `hsa_ids` are as people write them: lower case, and what nobody sees of them, do not matter.
    """
    with registry.snapshot() as connection:
        clinics = meant(connection, hsa_ids)
        return _judge(verb, clinics, registrations.read(connection, clinics), acting_for)


def do(
    registry: Registry,
    verb: RegistrationChange,
    hsa_ids: Sequence[str],
    acting_for: ActingFor,
    authorship: Authorship,
) -> list[Item]:
    """Add or remove clinics, each judged on its own: those that can be are, in one transaction."""
    with registry.transaction() as transaction:
        items = do_within(transaction.connection, verb, hsa_ids, acting_for, authorship)
        transaction.commit()
    return items


def do_within(
    connection: Connection,
    verb: RegistrationChange,
    hsa_ids: Sequence[str],
    acting_for: ActingFor,
    authorship: Authorship,
) -> list[Item]:
    """As `do`, in a transaction of the caller's, who commits it."""
    clinics = meant(connection, hsa_ids)
    eligibilities = registrations.lock(connection, clinics)
    items = _judge(verb, clinics, eligibilities, acting_for)
    write(connection, verb, items, authorship)
    return items


def confirm(
    registry: Registry,
    verb: RegistrationChange,
    items: Iterable[Item],
    acting_for: ActingFor,
    authorship: Authorship,
) -> None:
    """Log what is already so, where the log says otherwise, as what a person now wants.

    Adds and removes nothing, whatever happened since the items were judged.
    """
    already = [item.hsa_id for item in items if item.outcome is verb.already]
    if not already:
        return
    with registry.transaction() as transaction:
        eligibilities = registrations.lock(transaction.connection, already)
        items = _judge(verb, already, eligibilities, acting_for)
        confirmed = [item for item in items if item.outcome is verb.already]
        write(transaction.connection, verb, confirmed, authorship)
        transaction.commit()


def _judge(
    verb: RegistrationChange,
    hsa_ids: Iterable[str],
    eligibilities: Mapping[str, Eligibility],
    acting_for: ActingFor,
) -> list[Item]:
    """One item an id, in the order named; an id named twice meets what its first mention did."""
    eligibility_now = dict(eligibilities)
    items = []
    for hsa_id in hsa_ids:
        verdict = verb.judge(hsa_id, eligibility_now.get(hsa_id), acting_for)
        items.append(Item(hsa_id, *verdict))
        if verdict.outcome is verb.done:
            eligibility = eligibility_now[hsa_id]
            eligibility_now[hsa_id] = eligibility._replace(is_registered=verb.becomes_registered)
    return items


def write(
    connection: Connection, verb: RegistrationChange, items: Sequence[Item], authorship: Authorship
) -> None:
    """Do those of the items that are to be done; their clinics are locked, and triggers log it.

    What is already so, although the log says otherwise, is now what a person wants: it is logged.
    """
    done = [item.hsa_id for item in items if item.outcome is verb.done]
    if done:
        with acting(connection, authorship):
            if verb.becomes_registered:
                registrations.register(connection, done, authorship.actor, authorship.at)
            else:
                _remove(connection, done, authorship)
    already = [item.hsa_id for item in items if item.outcome is verb.already]
    if already:
        drifted = registrations.drifted(connection, already).values()
        change_log.append(connection, [_confirmed(verb, drift, authorship) for drift in drifted])


def _confirmed(
    verb: RegistrationChange, drift: RegistrationDrift, authorship: Authorship
) -> LogEntry:
    by = drift.row_by if drift.is_registered and drift.row_by != authorship.actor else None
    return LogEntry.by(authorship, verb.change)._replace(hsa_id=drift.hsa_id, new_value=by)


def _remove(connection: Connection, hsa_ids: Sequence[str], authorship: Authorship) -> None:
    """The guard protects registered clinics: what is held of one that is removed takes effect.

    It is logged first, as a change of a clinic that is still registered, and written after the
    registration: see decision 0015.
    """
    held = holds.of_clinics(connection, hsa_ids)
    merge = holds.plan_merge(connection, held)
    change_log.append(connection, holds.entries(merge.changes, authorship))
    registrations.unregister(connection, hsa_ids, authorship.at)
    holds.write_merge(connection, merge, authorship.at)
    holds.release(connection, held, authorship.at)

"""Adding clinics to the registry and removing them: planned, asked for, judged again, done.

A plan only reads. Doing judges every clinic again under the lock of its row, so what is done is
right at that moment, whatever was planned (R1, R4, R5, R7).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from sync_worker.authorship import Act
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


class Item(NamedTuple):
    """What becomes of one HSA-id, in the form of `clinics add`."""

    hsa_id: str
    outcome: AdmissionOutcome
    reason: Refusal | None


@dataclass(frozen=True, slots=True)
class Verb:
    """What adding and removing differ in."""

    judge: Callable[[str, Eligibility | None, Collection[str] | None], AdmissionVerdict]
    done: AdmissionOutcome
    already: AdmissionOutcome
    change: str
    becomes_registered: bool


ADD = Verb(
    may_add,
    AdmissionOutcome.ADDED,
    AdmissionOutcome.ALREADY_REGISTERED,
    "registered",
    becomes_registered=True,
)
REMOVE = Verb(
    may_remove,
    AdmissionOutcome.REMOVED,
    AdmissionOutcome.NOT_REGISTERED,
    "removed",
    becomes_registered=False,
)


def plan(registry: Registry, verb: Verb, hsa_ids: Sequence[str], act: Act) -> list[Item]:
    """What `do` would do now; changes nothing.

    `hsa_ids` are as people write them: lower case, and what nobody sees of them, do not matter.
    """
    with registry.snapshot() as connection:
        wanted = meant(connection, hsa_ids)
        return _judge(verb, wanted, registrations.read(connection, wanted), act)


def do(registry: Registry, verb: Verb, hsa_ids: Sequence[str], act: Act) -> list[Item]:
    """Add or remove clinics, each judged on its own: those that can be are, in one transaction."""
    with registry.transaction() as transaction:
        wanted = meant(transaction.connection, hsa_ids)
        eligibilities = registrations.locked(transaction.connection, wanted)
        items = _judge(verb, wanted, eligibilities, act)
        write(transaction.connection, verb, items, act)
        transaction.commit()
    return items


def confirm(registry: Registry, verb: Verb, items: Iterable[Item], act: Act) -> None:
    """Have the log say of those that are so already that they are meant to be, where it does not.

    Adds and removes nothing, whatever happened since the items were judged.
    """
    already = [item.hsa_id for item in items if item.outcome is verb.already]
    if not already:
        return
    with registry.transaction() as transaction:
        judged = _judge(verb, already, registrations.locked(transaction.connection, already), act)
        write(
            transaction.connection,
            verb,
            [one for one in judged if one.outcome is verb.already],
            act,
        )
        transaction.commit()


def _judge(
    verb: Verb, hsa_ids: Iterable[str], eligibilities: Mapping[str, Eligibility], act: Act
) -> list[Item]:
    """One item an id, in the order named; an id named twice meets what its first mention did."""
    eligibility_now = dict(eligibilities)
    items = []
    for hsa_id in hsa_ids:
        verdict = verb.judge(hsa_id, eligibility_now.get(hsa_id), act.acting_for)
        items.append(Item(hsa_id, *verdict))
        if verdict.outcome is verb.done:
            eligibility = eligibility_now[hsa_id]
            eligibility_now[hsa_id] = eligibility._replace(is_registered=verb.becomes_registered)
    return items


def write(connection: Connection, verb: Verb, items: Sequence[Item], act: Act) -> None:
    """Do those of the items that are to be done; their clinics are locked, and triggers log it.

    What is so already, though the log says otherwise, was meant by a person by now: that is logged.
    """
    done = [item.hsa_id for item in items if item.outcome is verb.done]
    if done:
        _write(connection, verb, done, act)
    already = [item.hsa_id for item in items if item.outcome is verb.already]
    if already:
        drifted = registrations.found(connection, already).values()
        change_log.append(connection, [_confirmed(verb, one, act) for one in drifted])


def _write(connection: Connection, verb: Verb, hsa_ids: Sequence[str], act: Act) -> None:
    with acting(connection, act.actor, act.reason):
        if verb.becomes_registered:
            registrations.register(connection, hsa_ids, act.actor, act.at)
        else:
            _remove(connection, hsa_ids, act)


def _confirmed(verb: Verb, one: RegistrationDrift, act: Act) -> LogEntry:
    by = one.row_by if one.is_registered and one.row_by != act.actor else None
    return LogEntry(
        act.at, verb.change, hsa_id=one.hsa_id, new_value=by, actor=act.actor, reason=act.reason
    )


def _remove(connection: Connection, hsa_ids: Sequence[str], act: Act) -> None:
    """The guard protects registered clinics: what is held of one that is removed takes effect.

    It is logged first, as a change of a clinic that is still registered, and written after the
    registration: see decision 0015.
    """
    held = holds.of_clinics(connection, hsa_ids)
    merge = holds.plan_merge(connection, held)
    change_log.append(connection, holds.entries(merge.changes, act.actor, act.reason, act.at))
    registrations.unregister(connection, hsa_ids, act.at)
    holds.write_merge(connection, merge, act.at)
    holds.release(connection, held, act.at)

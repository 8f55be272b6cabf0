"""When the registry was last proved true: what status, doctor and attention say of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from sync_worker.inspection.attention import Attention, age
from sync_worker.inspection.doctor import Finding, ok, skip, warn
from sync_worker.instants import to_the_second
from sync_worker.language import counted
from sync_worker.registry import positions, reconciliations
from sync_worker.registry.reconciliations import RecordedReconcile
from sync_worker.remedies import Remedy

OLD = timedelta(days=8)
"""A week, in which one is expected, and a day for it to be late."""


def finding(connection: Connection, now: datetime) -> Finding:
    """What the doctor says of the latest reconcile of the whole registry that was recorded."""
    last = reconciliations.latest(connection)
    if last is None:
        if not positions.listed(connection):
            return skip("Nothing has been read yet, so there is nothing to compare.")
        return warn(
            "No reconcile of the whole registry has been recorded, so nothing proves it true.",
            Remedy.RECONCILE(),
        )
    if last.not_repaired:
        return warn(f"{sentence(last)}, which nobody has repaired since.", Remedy.REPAIR_DRIFT())
    told = f"{sentence(last)}. That is {age(last.at, now)}."
    return warn(told, Remedy.RECONCILE()) if now - last.at > OLD else ok(told)


def attention_to_drift(last: RecordedReconcile | None) -> Iterator[Attention]:
    """One where the latest reconcile found what nobody has repaired since."""
    if last is not None and last.not_repaired:
        yield Attention(f"{sentence(last)}, which nobody has repaired since", Remedy.REPAIR_DRIFT())


def sentence(last: RecordedReconcile) -> str:
    """What was compared with what, and what differed, without an end."""
    clinics = counted(last.compared, "clinic", "clinics")
    as_of = f" as of {to_the_second(last.as_of)}" if last.as_of else ""
    found = (
        "the registry was true"
        if not last.drift
        else f"all of {counted(last.drift, 'fact', 'facts')} that differed was repaired"
        if not last.not_repaired
        else f"{counted(last.not_repaired, 'fact differs', 'facts differ')}"
    )
    return (
        f"Compared with {last.against}{as_of} at {to_the_second(last.at)}, {clinics} with "
        f"their registrations: {found}"
    )


def document(last: RecordedReconcile | None) -> dict[str, Any] | None:
    """The latest reconcile in the form of `status`."""
    if last is None:
        return None
    return {
        "at": last.at,
        "against": last.against,
        "as_of": last.as_of,
        "compared": last.compared,
        "drift": last.drift,
        "causes": dict(last.causes),
        "pending": last.pending,
        "ahead": last.ahead,
        "held": last.held,
        "repaired": last.repaired,
        "not_repaired": last.not_repaired,
        "actor": last.actor,
        "reason": last.reason,
    }

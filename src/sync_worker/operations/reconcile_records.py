"""Keep the result of a reconcile in the registry, once the comparison and its repair are done.

A reconcile that fails or is killed keeps nothing: the latest result stays as it is, and grows old.
"""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sync_worker.authorship import Authorship
from sync_worker.domain.drift import Cause
from sync_worker.operations.reconcile import Reconciliation
from sync_worker.operations.repair import RepairResult
from sync_worker.registry import reconciliations
from sync_worker.registry.database import Registry
from sync_worker.registry.reconciliations import RecordedReconcile


class Question(NamedTuple):
    """What was to be compared."""

    against: str
    """`topics`, `archive:PATH` or `snapshot:PATH`."""
    as_of: datetime | None
    regions: tuple[str, ...]


def record(
    registry: Registry,
    question: Question,
    found: Reconciliation,
    repaired: RepairResult | None,
    authorship: Authorship,
) -> None:
    """Keep what was found, by somebody who began at the time of `authorship`."""
    comparison = found.comparison
    counts = Counter(one.cause for one in comparison.differences)
    counts[Cause.REGISTRATION] = len(comparison.registrations)
    left = comparison.differences if repaired is None else repaired.left
    result = RecordedReconcile(
        at=authorship.at,
        against=question.against,
        stream=found.expectation.stream_id,
        as_of=question.as_of,
        regions=question.regions,
        compared=comparison.compared,
        causes={cause.value: counts[cause] for cause in Cause},
        pending=comparison.pending,
        ahead=comparison.ahead,
        held=comparison.held,
        is_repair=repaired is not None,
        repaired=0 if repaired is None else len(repaired.done),
        not_repaired=len(left) + len(comparison.registrations),
        actor=authorship.actor,
        reason=authorship.reason,
    )
    with registry.transaction() as transaction:
        reconciliations.record(transaction.connection, result)
        transaction.commit()

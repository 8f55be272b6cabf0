"""Dead letters that an operator gives up or clears away: planned, and done whole or not at all."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sync_worker.registry import letters
from sync_worker.registry.dead_letters import OPEN
from sync_worker.registry.letters import Head, Signature
from sync_worker.registry.unit import Registry


class UnknownLetters(Exception):
    """There are no dead letters with these ids."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(f"there is no dead letter {', '.join(map(str, numbers))}")
        self.numbers = numbers


class ClosedLetters(Exception):
    """Dead letters that were named are closed already; one that is closed stays closed."""

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__(", ".join(f"{head.number} is {head.status}" for head in heads))
        self.heads = heads


def chosen(registry: Registry, numbers: Collection[int]) -> list[Head]:
    """The open letters with these ids, in the order set aside.

    Raises:
        UnknownLetters, ClosedLetters: see there.
    """
    with registry.snapshot() as connection:
        return _all_open(letters.heads(connection, numbers), numbers)


def discard(
    registry: Registry, numbers: Collection[int], by: Signature, *, all_or_none: bool = True
) -> list[Head]:
    """Close these letters as discarded; those that were, in the order set aside.

    All or none, or those that are still open.

    Raises:
        UnknownLetters, ClosedLetters: see there; nothing was done.
    """
    with registry.unit() as unit:
        letters.alone(unit.connection)
        found = letters.heads(unit.connection, numbers, locked=True)
        still_open = (
            _all_open(found, numbers)
            if all_or_none
            else [head for head in found if head.status == OPEN]
        )
        letters.discard(unit.connection, {head.number for head in still_open}, by)
        unit.commit()
    return still_open


def purge(registry: Registry, before: datetime, by: Signature) -> int:
    """Delete the letters that were closed before an instant; how many that were."""
    with registry.unit() as unit:
        purged = letters.purge(unit.connection, before, by)
        unit.commit()
    return purged


def _all_open(found: list[Head], wanted: Collection[int]) -> list[Head]:
    unknown = sorted(set(wanted) - {head.number for head in found})
    if unknown:
        raise UnknownLetters(unknown)
    closed = [head for head in found if head.status != OPEN]
    if closed:
        raise ClosedLetters(closed)
    return found

"""Dead letters as operators deal with them: found, redriven, discarded, purged; each is logged.

A letter that was closed once is never opened again.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from sync_worker.events.naming import named
from sync_worker.events.record import Record
from sync_worker.events.verdicts import Rejection
from sync_worker.registry import dead_letters, dialect, log, queries
from sync_worker.registry.dead_letters import DISCARDED, OPEN, REDRIVEN, LetterFilter
from sync_worker.registry.log import Entry
from sync_worker.registry.tables import dead_letter

_MOST_IN_ONE_QUESTION = 10_000


class Head(NamedTuple):
    """A dead letter without its record."""

    number: int
    stream: str
    status: str
    reason: str
    size: int
    """Bytes of its record, roughly."""


class Letter(NamedTuple):
    """An open dead letter with its record."""

    number: int
    record: Record
    reason: str
    detail: str


class Signature(NamedTuple):
    """Who does something to dead letters or holds, when and why."""

    at: datetime
    actor: str
    reason: str | None


def found(connection: Connection, wanted: LetterFilter) -> list[Head]:
    """Those that are asked for, in the order set aside."""
    statement = select(*_HEAD).where(*wanted.conditions()).order_by(dead_letter.c.id)
    return [Head(*row) for row in connection.execute(statement)]


def heads(connection: Connection, numbers: Collection[int], *, locked: bool = False) -> list[Head]:
    """Those with these ids, whatever their status, by id; `locked` in the same order."""
    found: list[Head] = []
    possible = {number for number in numbers if number <= dialect.GREATEST_NUMBER}
    for some in _in_parts(sorted(possible)):
        statement = select(*_HEAD).where(dead_letter.c.id.in_(some)).order_by(dead_letter.c.id)
        statement = statement.with_for_update() if locked else statement
        found += [Head(*row) for row in connection.execute(statement)]
    return found


def still_open(connection: Connection, numbers: Sequence[int]) -> list[Letter]:
    """Of these those that are open, in the order set aside."""
    is_one = and_(dead_letter.c.id.in_(numbers), dead_letter.c.status == OPEN)
    columns = (dead_letter.c.id, *dead_letters.RECORD, dead_letter.c.reason, dead_letter.c.detail)
    rows = connection.execute(select(*columns).where(is_one).order_by(dead_letter.c.id))
    return [Letter(row.id, dead_letters.record_of(row), row.reason, row.detail) for row in rows]


def clinic_of(connection: Connection, number: int) -> dict[str, Any] | None:
    """The clinic that a letter's record names, as it is now, in the form of `clinics list`."""
    letter = select(*dead_letters.RECORD).where(dead_letter.c.id == number)
    row = connection.execute(letter).one()
    names = named(dead_letters.record_of(row))
    return queries.clinic_listed(connection, names[0]) if names else None


def reword(connection: Connection, rejected: Iterable[tuple[Letter, Rejection]]) -> None:
    """Say why letters are set aside, where that is another reason by now."""
    told = [
        (letter, rejection.reason.value, dialect.storable(connection, rejection.detail))
        for letter, rejection in rejected
    ]
    rows = [
        (letter.number, reason, detail)
        for letter, reason, detail in told
        if (letter.reason, letter.detail) != (reason, detail)
    ]
    dialect.update_by_key(connection, dead_letter, ("id", "reason", "detail"), rows)


def redriven(connection: Connection, numbers: Collection[int], by: Signature) -> None:
    """Close letters that are understood by now, unless a reading did so meanwhile; log each."""
    locked = heads(connection, numbers, locked=True)
    closed = [head.number for head in locked if head.status == OPEN]
    dead_letters.close(connection, closed, REDRIVEN, by.at)
    _log(connection, "letter_redriven", closed, by)


def discard(connection: Connection, numbers: Collection[int], by: Signature) -> None:
    """Close open letters that this transaction has locked, for good."""
    dead_letters.close(connection, sorted(numbers), DISCARDED, by.at)
    _log(connection, "letter_discarded", numbers, by)


def count_closed(connection: Connection, before: datetime) -> int:
    """How many were closed before an instant."""
    statement = select(func.count()).select_from(dead_letter).where(_closed_before(before))
    return connection.scalar(statement) or 0


def purge(connection: Connection, before: datetime, by: Signature) -> int:
    """Delete those closed before an instant; how many that were."""
    purged = connection.execute(delete(dead_letter).where(_closed_before(before))).rowcount
    if purged:
        log.append(connection, [_entry("letters_purged", by)._replace(old_value=str(purged))])
    return purged


def alone(connection: Connection) -> None:
    """Wait until nobody else redrives or discards; to be called before any other lock is taken."""
    dialect.alone(connection, "sync-worker deadletters")


_HEAD = (
    *(dead_letter.c[name] for name in ("id", "stream", "status", "reason")),
    dead_letters.SIZE,
)


def _closed_before(moment: datetime) -> ColumnElement[bool]:
    return and_(dead_letter.c.status != OPEN, dead_letter.c.closed_at < moment)


def _log(connection: Connection, change: str, numbers: Collection[int], by: Signature) -> None:
    """Each with the letter's id and the place of its record."""
    entries: list[Entry] = []
    place = ("stream", "topic", "partition", "record_offset")
    for some in _in_parts(sorted(numbers)):
        columns = (dead_letter.c.id, dead_letter.c.reason, *(dead_letter.c[name] for name in place))
        rows = connection.execute(
            select(*columns).where(dead_letter.c.id.in_(some)).order_by(dead_letter.c.id)
        )
        entries += [
            _entry(change, by)._replace(
                old_value=row.reason,
                new_value=str(row.id),
                stream=row.stream,
                topic=row.topic,
                partition=row.partition,
                record_offset=row.record_offset,
            )
            for row in rows
        ]
    log.append(connection, entries)


def _entry(change: str, by: Signature) -> Entry:
    return Entry(by.at, change, actor=by.actor, reason=by.reason)


def _in_parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _MOST_IN_ONE_QUESTION):
        yield numbers[start : start + _MOST_IN_ONE_QUESTION]

"""The check of locks: who blocks the worker, or may soon do so.

The worker gives up a wait for a lock after a few seconds, and tries again after a pause. So a look
at one moment may miss it; and two workers that wait for each other for milliseconds are not worth
a word. What is seen is looked at again for a while.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from sync_worker.inspection import blocking
from sync_worker.inspection.blocking import Block
from sync_worker.inspection.doctor import Check, Finding, fail, ok, warn
from sync_worker.instants import to_the_second
from sync_worker.registry import dialect
from sync_worker.registry.database import Registry
from sync_worker.registry.dialect import OpenTransaction
from sync_worker.registry.errors import is_locked_file

LONG_OPEN = timedelta(minutes=10)
"""So long no transaction of ours is open, but of a list that stays on somebody's screen."""
_WATCH_SECONDS = 3.0
"""Longer than the worker's longest pause between two attempts, with a wait to be seen."""
_LASTS_SECONDS = 1.0
"""Whoever blocks, or has locks, for so long is not just about to commit."""
_LOOK_SECONDS = 0.2
_MOST_NAMED = 5


@dataclass(slots=True)
class _Seen:
    """What several looks have shown."""

    opened: Sequence[OpenTransaction] = ()
    """By the latest look."""
    open_since: dict[str, float] = field(default_factory=dict)
    """The same, by when they were first seen."""
    blocked_at: dict[str, float] = field(default_factory=dict)
    """Transactions that blocked somebody, by when they were first seen to."""
    blocks: dict[str, Block] = field(default_factory=dict)

    def add(self, opened: Sequence[OpenTransaction], now: float) -> None:
        """What a look has shown."""
        self.opened = opened
        self.open_since = {one.key: self.open_since.get(one.key, now) for one in opened}
        for block in blocking.blocks(opened):
            self.blocked_at.setdefault(block.key, now)
            self.blocks[block.key] = block

    def lasting(self, now: float) -> list[Block]:
        """Those who block for long, and are still open."""
        return [
            block
            for key, block in self.blocks.items()
            if key in self.open_since and now - self.blocked_at[key] >= _LASTS_SECONDS
        ]

    def is_suspect(self, began: float) -> bool:
        """Whether another look may show more: somebody has had locks, or waited, all the time."""
        return any(
            (one.writes or one.wait is not None) and self.open_since[one.key] <= began
            for one in self.opened
        )

    def hidden_writers(self, now: float) -> list[OpenTransaction]:
        """Others who have written to our tables for a while, and who do not show their age."""
        return [
            one
            for one in self.opened
            if one.since is None and one.writes and not blocking.is_ours(one)
            if now - self.open_since[one.key] >= _LASTS_SECONDS
        ]


@dataclass(frozen=True, slots=True)
class LockChecks:
    """What is checked of locks in the registry, which is opened by the first check."""

    registry: Callable[[], Registry]
    clock: Callable[[], datetime]

    def all(self) -> list[Check]:
        """The check; it reads no table, since that could be what is locked."""
        return [Check("locks", self._locks, ("database",))]

    def _locks(self) -> Finding:
        opened = self._look()
        if opened is None:
            return self._write_lock()
        seen, began = _Seen(), time.monotonic()
        seen.add(opened, began)
        while seen.is_suspect(began) and (now := time.monotonic()) < began + _WATCH_SECONDS:
            if seen.lasting(now):
                break
            time.sleep(_LOOK_SECONDS)
            seen.add(self._look() or [], time.monotonic())
        return self._finding(seen)

    def _look(self) -> list[OpenTransaction] | None:
        with self.registry().snapshot() as connection:
            return dialect.open_transactions(connection)

    def _finding(self, seen: _Seen) -> Finding:
        now, lasting = self.clock(), seen.lasting(time.monotonic())
        if lasting:
            detail = " ".join(_sentence(blocking.described(one, now)) for one in lasting)
            found = fail if any(block.blocks_us for block in lasting) else warn
            return found(detail, _endings([block.root for block in lasting]))
        if old := [one for one in seen.opened if _is_forgotten(one, now)]:
            return warn(_listed(old, now), _endings(old))
        if hidden := seen.hidden_writers(time.monotonic()):
            shows = "As a superuser, GRANT pg_read_all_stats to this user to be shown since when"
            return warn(_listed(hidden, now), f"{_endings(hidden)}. {shows}")
        return ok("Nobody waits for a lock of the registry for long.")

    def _write_lock(self) -> Finding:
        """SQLite has one lock for all who write, and does not tell who has it."""
        began, moment = time.monotonic(), self.clock()
        try:
            with self.registry().transaction() as transaction:
                dialect.version(transaction.connection)  # the first statement takes the lock
        except OperationalError as error:
            if not is_locked_file(error):
                raise
            return fail(
                f"Another process is writing to the database, and has been since "
                f"{to_the_second(moment)} at the latest: the lock was not to be had within "
                f"{time.monotonic() - began:.0f} s. SQLite does not tell which process it is.",
                "Find out which process has the database file open, as with fuser or lsof; wait "
                "for it, or end it",
            )
        return ok(f"The lock of those who write was free after {time.monotonic() - began:.1f} s.")


def _is_forgotten(transaction: OpenTransaction, now: datetime) -> bool:
    matters = bool(transaction.locks) or transaction.holds_back_vacuum
    return matters and blocking.is_old(transaction, now, LONG_OPEN)


def _listed(transactions: Sequence[OpenTransaction], now: datetime) -> str:
    named = [_sentence(_forgotten(one, now)) for one in transactions[:_MOST_NAMED]]
    more = len(transactions) - len(named)
    return " ".join([*named, *([f"And {more} more."] if more else [])])


def _forgotten(transaction: OpenTransaction, now: datetime) -> str:
    opened = f"{blocking.opened_by(transaction, now)}. Nobody waits for it yet"
    if transaction.locks:
        opened += "; whoever needs what it has locked will"
    return opened + (", and vacuum removes no rows since" if transaction.holds_back_vacuum else "")


def _endings(transactions: Sequence[OpenTransaction]) -> str:
    return "; ".join(blocking.ending(one) for one in transactions[:_MOST_NAMED])


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."

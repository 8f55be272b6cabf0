"""Who blocks whom in the database: the transactions at the root, in sentences. Changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from sync_worker.inspection.attention import Attention, span
from sync_worker.instants import to_the_second
from sync_worker.registry.dialect import OpenTransaction, open_transactions

_OURS = "sync-worker"
"""What the names of our applications begin with."""
_MOST_TABLES = 5
_MOST_WAITING = 5
_LONG_WAIT_SECONDS = 1.0
"""Two workers at the same clinics wait for each other for milliseconds."""


@dataclass(frozen=True, slots=True)
class Block:
    """A transaction that waits for nobody, and those that wait for it, directly or in a chain."""

    root: OpenTransaction
    waiting: tuple[OpenTransaction, ...]

    @property
    def key(self) -> str:
        """The same as long as the same transaction blocks."""
        return self.root.key

    @property
    def blocks_us(self) -> bool:
        """Whether a worker or a command of ours is among those that wait."""
        return any(is_ours(one) for one in self.waiting)

    @property
    def seconds(self) -> float:
        """How long the first of them has waited."""
        return max(one.wait.seconds for one in self.waiting if one.wait is not None)


def is_ours(transaction: OpenTransaction) -> bool:
    """Whether it is of this program, by the name of its application."""
    return transaction.application.startswith(_OURS)


def blocks(opened: Sequence[OpenTransaction]) -> list[Block]:
    """Who blocks somebody of ours, or whoever waits for a lock of our tables."""
    by_key = {one.key: one for one in opened}
    waiting: dict[str, list[OpenTransaction]] = {}
    for one in opened:
        if one.wait is not None and (is_ours(one) or one.locks or one.wait.is_for_ours):
            for root in _roots(one, opened):
                waiting.setdefault(root.key, []).append(one)
    return [Block(by_key[key], tuple(them)) for key, them in waiting.items()]


def attention_to_blocks(connection: Connection, now: datetime) -> Iterator[Attention]:
    """Whoever blocks a worker or a command of ours, as one look shows it."""
    for block in blocks(open_transactions(connection) or []):
        if block.blocks_us and block.seconds >= _LONG_WAIT_SECONDS:
            yield Attention(described(block, now), ending(block.root))


def _roots(waiting: OpenTransaction, opened: Sequence[OpenTransaction]) -> list[OpenTransaction]:
    """Those at the end of the chain; none where it is a circle, which the database breaks."""
    roots: dict[str, OpenTransaction] = {}
    seen, pending = {waiting.key}, [waiting]
    while pending:
        for blocker in _blockers(pending.pop(), opened):
            if blocker.key not in seen:
                seen.add(blocker.key)
                if blocker.wait is None:
                    roots[blocker.key] = blocker
                else:
                    pending.append(blocker)
    return list(roots.values())


def _blockers(
    waiting: OpenTransaction, opened: Sequence[OpenTransaction]
) -> Iterator[OpenTransaction]:
    wait = waiting.wait
    if wait is not None:
        for one in opened:
            if one.key in wait.prepared or (not one.is_prepared and one.pid in wait.blocked_by):
                yield one


def described(block: Block, now: datetime) -> str:
    """Who blocks whom, in a sentence without its end."""
    named = [_waiting(one, block.root) for one in block.waiting[:_MOST_WAITING]]
    more = len(block.waiting) - len(named)
    listed = "; ".join(named) + (f"; and {more} more" if more else "")
    return f"{opened_by(block.root, now)}. It blocks {listed}"


def opened_by(transaction: OpenTransaction, now: datetime) -> str:
    """Whose transaction it is, since when it is open, and what it has locked."""
    since = "(since when is not shown to this user)"
    if transaction.since is not None:
        ago = span(now - transaction.since)
        since = f"since {to_the_second(transaction.since)} ({ago})"
    state = f", {transaction.state}" if transaction.state and not transaction.is_prepared else ""
    holding = f", holding {_held(transaction.locks)}" if transaction.locks else ""
    return f"{who(transaction)} has had a transaction open {since}{state}{holding}"


def who(transaction: OpenTransaction) -> str:
    """The session, as whoever looks for it needs it."""
    user = transaction.user or "the server"
    if transaction.is_prepared:
        return f"the prepared transaction {transaction.application!r} of {user}"
    address = f"from {transaction.address}" if transaction.address else ""
    named = ", ".join(filter(None, (transaction.application, f"user {user}", address)))
    return f"pid {transaction.pid} ({named})"


def ending(transaction: OpenTransaction) -> str:
    """What to do about it: the exact statement, and who may run it."""
    user = transaction.user or "the server"
    if transaction.may_end:
        permitted = "which this user may run"
    elif transaction.is_prepared:
        permitted = f"to be run in this database by {user} or a superuser"
    elif transaction.is_superuser:
        permitted = "to be run by a superuser"
    else:
        permitted = f"to be run by {user}, a member of pg_signal_backend or a superuser"
    return f"Ask {user} to end it, or end it: {transaction.ending}, {permitted}"


def is_old(transaction: OpenTransaction, now: datetime, limit: timedelta) -> bool:
    """Whether it is known to have been open for longer than that."""
    return transaction.since is not None and now - transaction.since > limit


def _waiting(waiting: OpenTransaction, root: OpenTransaction) -> str:
    wait = waiting.wait
    if wait is None:
        return who(waiting)
    since = f" since {to_the_second(wait.since)}" if wait.since else ""
    between = [pid for pid in wait.blocked_by if pid != root.pid]
    behind = f", behind pid {', '.join(map(str, between))}" if between else ""
    return f"{who(waiting)}, which waits for {wait.what}{since}{behind}"


def _held(locks: Mapping[str, str]) -> str:
    listed = [f"{mode} on {table}" for table, mode in sorted(locks.items())[:_MOST_TABLES]]
    more = len(locks) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "")

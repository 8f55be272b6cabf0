"""Who has a transaction open in this database, what it has locked, and who waits for it.

Built on what PostgreSQL shows to every role: all locks, and of each session its user, application
and transaction id. When a transaction began, its state and its address are shown only to whoever
has the rights of that session's user, or of `pg_read_all_stats`; otherwise they are None.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from sync_worker.registry.dialect.session import schema_in_use

_PREPARED = 0
"""In place of a process id, as `pg_blocking_pids` has it."""

_SESSIONS = text("""
SELECT pid, usename AS username, application_name AS application, host(client_addr) AS address,
    state, xact_start AS since, pg_blocking_pids(pid) AS blocked_by,
    backend_xid IS NOT NULL OR backend_xmin IS NOT NULL AS holds_back_vacuum,
    coalesce(rolsuper, true) AS is_superuser,
    coalesce(NOT rolsuper AND (
        pg_has_role(usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')
    ), false) OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS may_end
FROM pg_stat_activity LEFT JOIN pg_roles ON pg_roles.oid = usesysid
WHERE datname = current_database() AND pid <> pg_backend_pid()
ORDER BY pid
""")
_PREPARED_TRANSACTIONS = text("""
SELECT gid, quote_literal(gid) AS literal, owner AS username, prepared AS since,
    '-1/' || CAST(transaction AS text) AS transaction,
    owner = current_user OR rolsuper AS may_end
FROM pg_prepared_xacts CROSS JOIN pg_roles
WHERE database = current_database() AND rolname = current_user
ORDER BY gid
""")
_LOCKS = text("""
SELECT coalesce(pid, 0) AS pid, virtualtransaction AS transaction, locktype, relname AS of_table,
    CAST(transactionid AS text) AS transaction_id, mode, granted, waitstart AS waiting_since,
    extract(EPOCH FROM clock_timestamp() - waitstart) AS seconds
FROM pg_locks LEFT JOIN (
    pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname = :schema
) ON pg_class.oid = relation AND relkind IN ('r', 'p')
WHERE pid IS DISTINCT FROM pg_backend_pid() AND (
    locktype IN ('transactionid', 'virtualxid')
    OR pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
""")
_MODES = (
    *("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"),
    *("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
)
"""From the weakest to the strongest."""
_READING = _MODES[0]


@dataclass(frozen=True, slots=True)
class Wait:
    """What a transaction waits for, and for whom."""

    what: str
    """Such as "clinic" or "a row of clinic"."""
    since: datetime | None
    """None in the moment in which the wait begins."""
    seconds: float
    blocked_by: tuple[int, ...]
    """Process ids; 0 for a prepared transaction."""
    prepared: tuple[str, ...] = ()
    """The prepared transactions among them, by `OpenTransaction.key`."""
    is_for_ours: bool = False
    """Whether it is for a table of ours."""


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction of another session, or a prepared one, as far as this user may see it."""

    key: str
    """Another one for each transaction, also of the same session."""
    pid: int
    """0 for one that is prepared: no session has it."""
    user: str | None
    """None for a process of the server itself, such as autovacuum."""
    application: str
    address: str | None
    state: str | None
    since: datetime | None
    ending: str
    """The statement that ends it."""
    may_end: bool
    """Whether this user may run that statement."""
    is_superuser: bool
    locks: Mapping[str, str]
    """The tables of ours that it has locked → the strongest mode."""
    holds_back_vacuum: bool = False
    wait: Wait | None = None

    @property
    def is_prepared(self) -> bool:
        """Whether no session has it."""
        return self.pid == _PREPARED

    @property
    def writes(self) -> bool:
        """Whether it has locked more than whoever reads."""
        return any(mode != _READING for mode in self.locks.values())


def open_transactions(connection: Connection) -> list[OpenTransaction] | None:
    """The transactions that others have open, in the order of process ids; None for SQLite."""
    if connection.dialect.name != "postgresql":
        return None
    by_owner: defaultdict[tuple[int, str], list[Row[Any]]] = defaultdict(list)
    for lock in connection.execute(_LOCKS, {"schema": schema_in_use(connection)}):
        by_owner[lock.pid, lock.transaction].append(lock)
    prepared = [
        _prepared(row, by_owner[_PREPARED, row.transaction])
        for row in connection.execute(_PREPARED_TRANSACTIONS)
    ]
    sessions = {row.pid: row for row in connection.execute(_SESSIONS)}
    return [
        *(
            _of_session(sessions[pid], transaction, locks, prepared)
            for (pid, transaction), locks in sorted(by_owner.items())
            if pid in sessions
        ),
        *prepared,
    ]


def _prepared(row: Row[Any], locks: Sequence[Row[Any]]) -> OpenTransaction:
    return OpenTransaction(
        key=row.transaction,
        pid=_PREPARED,
        user=row.username,
        application=row.gid,
        address=None,
        state="prepared",
        since=row.since,
        ending=f"ROLLBACK PREPARED {row.literal}",
        may_end=row.may_end,
        is_superuser=False,
        locks=_strongest(locks),
        holds_back_vacuum=True,
    )


def _of_session(
    row: Row[Any],
    transaction: str,
    locks: Sequence[Row[Any]],
    prepared: Sequence[OpenTransaction],
) -> OpenTransaction:
    return OpenTransaction(
        key=f"{row.pid} {transaction}",
        pid=row.pid,
        user=row.username,
        application=row.application or "",
        address=row.address,
        state=row.state,
        since=row.since,
        ending=f"SELECT pg_terminate_backend({row.pid})",
        may_end=row.may_end,
        is_superuser=row.is_superuser,
        locks=_strongest(locks),
        holds_back_vacuum=row.holds_back_vacuum,
        wait=_wait(row, locks, prepared),
    )


def _strongest(locks: Iterable[Row[Any]]) -> dict[str, str]:
    strongest: dict[str, str] = {}
    for lock in locks:
        if lock.granted and lock.locktype == "relation" and lock.of_table is not None:
            present = strongest.get(lock.of_table, _READING)
            strongest[lock.of_table] = max(present, lock.mode, key=_MODES.index)
    return strongest


def _wait(
    row: Row[Any], locks: Sequence[Row[Any]], prepared: Sequence[OpenTransaction]
) -> Wait | None:
    awaited = next((lock for lock in locks if not lock.granted), None)
    if awaited is None or not row.blocked_by:
        return None
    table = awaited.of_table
    match awaited.locktype:
        case "relation" if table is not None:
            what = table
        case "transactionid" | "tuple":
            what = _row_of(table, locks)
        case "advisory":
            what = "its turn"
        case _:
            what = f"a lock ({awaited.locktype})"
    blocked_by = tuple(dict.fromkeys(row.blocked_by))
    of_prepared: tuple[str, ...] = ()
    if _PREPARED in blocked_by:
        wanted = f"-1/{awaited.transaction_id}"
        of_prepared = tuple(one.key for one in prepared if one.key == wanted or table in one.locks)
    seconds = float(awaited.seconds or 0)
    since = awaited.waiting_since
    return Wait(what, since, seconds, blocked_by, of_prepared, is_for_ours=table is not None)


def _row_of(table: str | None, locks: Sequence[Row[Any]]) -> str:
    """The row that it waits for: PostgreSQL names its table only beside the transaction awaited."""
    tuples = (lock.of_table for lock in locks if lock.locktype == "tuple" and lock.of_table)
    named = table or next(tuples, None)
    return "a row" if named is None else f"a row of {named}"

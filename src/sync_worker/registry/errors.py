"""Whose fault is a database's error? Two tables say so, here and nowhere else.

A failure that may pass is waited out and never costs a record; a record whose data the database
refuses becomes a dead letter; everything else is a bug of this program and ends the process.
"""

import re
import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError, InterfaceError, ResourceClosedError

_INSUFFICIENT_PRIVILEGE = "42501"
_POOLER_REFUSES = "unsupported startup parameter"
"""What PgBouncer says, always in English; the driver has no code for what ends a login."""
_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY = "25006"
_UNDEFINED = frozenset({"42P01", "42703", "42883", "42704"})
_UNTRANSLATABLE_CHARACTER = "22P05"


class Fault(Enum):
    """Whose fault an error is, and so what happens next."""

    TRANSIENT = "the database is unavailable, busy, read-only, full or failing over: try again"
    TIMEOUT = "the database ended what took too long: try again with less"
    DATA = "the database refuses the data of a record: dead-letter that record"
    LOGIN_REFUSED = "the server is there and refuses the login: try again, less and less often"
    NOT_A_DATABASE = "the file is not a database, or a corrupt one: a person must look"
    REFUSED_OPTION = "a pooler refuses an option of the address: a person must look"
    BUG = "no wait mends it, and no record is to blame"


_MAY_PASS = frozenset({Fault.TRANSIENT, Fault.TIMEOUT, Fault.LOGIN_REFUSED})

_SQLITE: dict[int, Fault] = {
    sqlite3.SQLITE_BUSY: Fault.TRANSIENT,
    sqlite3.SQLITE_LOCKED: Fault.TRANSIENT,
    sqlite3.SQLITE_FULL: Fault.TRANSIENT,
    sqlite3.SQLITE_READONLY: Fault.TRANSIENT,
    sqlite3.SQLITE_IOERR: Fault.TRANSIENT,
    sqlite3.SQLITE_CANTOPEN: Fault.TRANSIENT,
    sqlite3.SQLITE_PROTOCOL: Fault.TRANSIENT,
    sqlite3.SQLITE_NOTADB: Fault.NOT_A_DATABASE,
    sqlite3.SQLITE_CORRUPT: Fault.NOT_A_DATABASE,
    sqlite3.SQLITE_CONSTRAINT: Fault.DATA,
    sqlite3.SQLITE_TOOBIG: Fault.DATA,
    sqlite3.SQLITE_MISMATCH: Fault.DATA,
}
"""By primary result code (the low byte), https://sqlite.org/rescode.html."""

_SQLSTATE: dict[str, Fault] = {
    "08": Fault.TRANSIENT,  # connection
    "25006": Fault.TRANSIENT,  # read-only: a standby, or a failover under way
    "25P03": Fault.TIMEOUT,  # we were silent for too long within a transaction
    "25P04": Fault.TIMEOUT,  # the transaction took too long, whatever it did
    "40": Fault.TRANSIENT,  # serialisation, deadlock
    "53": Fault.TRANSIENT,  # disk full, out of memory, too many connections
    "55P03": Fault.TRANSIENT,  # lock not available
    "57014": Fault.TIMEOUT,  # cancelled, as by a time-out of statements
    "57": Fault.TRANSIENT,  # shutdown, crash
    "58": Fault.TRANSIENT,  # the server's own I/O
    "28": Fault.LOGIN_REFUSED,  # the user or its password
    "3D": Fault.LOGIN_REFUSED,  # there is no such database
    "22": Fault.DATA,  # data exception
    "23": Fault.DATA,  # constraint
}
"""By SQLSTATE, the whole code before its class (PostgreSQL, appendix A)."""


_LOGIN_REFUSAL = re.compile(
    r"authentication (?:failed|(?:method )?requirement)|no password supplied"
    r"|is not permitted to log in|pg_hba\.conf|(?:database|role|user) \"[^\"]*\" does not exist"
    r"|no such (?:user|database)"
    r"|permission denied for database|not currently accepting connections"
    r"|does not support SSL|SSL error|certificate|private key|channel binding"
    r"|connection is bad: invalid|unrecognized configuration parameter",
    re.IGNORECASE,
)
_LOST = re.compile(r"unexpected eof|SYSCALL", re.IGNORECASE)
"""What is said of an encrypted connection that just ends: it was lost, not refused."""


def fault_of(error: BaseException) -> Fault:
    """Whose fault this error of the database or its driver is."""
    # The first is all that is known of a connection that breaks while its dialect is being set up.
    if isinstance(error, ResourceClosedError) or hasattr(getattr(error, "orig", None), _STALE):
        return Fault.TRANSIENT
    if not isinstance(error, DBAPIError):
        return Fault.BUG
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, Fault.BUG)
    state = getattr(cause, "sqlstate", None)
    if state is None and _POOLER_REFUSES in str(cause):
        return Fault.REFUSED_OPTION
    if state is None and is_login_refusal(cause):
        return Fault.LOGIN_REFUSED
    if state is None:
        # The driver never got an answer: the server cannot be reached, or went away.
        is_connection = error.connection_invalidated or isinstance(error, InterfaceError)
        return Fault.TRANSIENT if is_connection or _says_unreachable(cause) else Fault.BUG
    return _SQLSTATE.get(state) or _SQLSTATE.get(state[:2], Fault.BUG)


def may_pass(error: BaseException) -> bool:
    """Whether to try again helps: sooner or later, or once somebody has seen to the login."""
    return fault_of(error) in _MAY_PASS


def is_login_refusal(cause: BaseException | None) -> bool:
    """Whether a connection failed because of what we log in with, or what it is checked by.

    The driver has no code for it, only what the server or the client said, in English. A server
    that speaks another language is taken for one that is unavailable.
    """
    said = str(cause)
    return _says_unreachable(cause) and bool(_LOGIN_REFUSAL.search(said)) and not _LOST.search(said)


def _says_unreachable(cause: BaseException | None) -> bool:
    return type(cause).__name__ in {"OperationalError", "ConnectionTimeout"}


def is_denied(error: BaseException) -> bool:
    """Whether the database says that we lack a right."""
    return _state(error) == _INSUFFICIENT_PRIVILEGE


def is_changed_table(error: BaseException) -> bool:
    """Whether a table, column or function that our schema has is not there."""
    if isinstance(getattr(error, "orig", None), sqlite3.Error):
        return first_line(error).startswith(("no such table", "no such column"))
    return _state(error) in _UNDEFINED


def cannot_enable_triggers(error: BaseException) -> bool:
    """Whether a session that fires no triggers may not be made to fire them."""
    return is_denied(error) and "session_replication_role" in first_line(error)


def is_beyond_encoding(error: BaseException) -> bool:
    """Whether the database's encoding lacks a character of what was to be written or looked for."""
    return _state(error) == _UNTRANSLATABLE_CHARACTER


def is_lock_timeout(error: BaseException) -> bool:
    """Whether another transaction held a lock for too long."""
    return _state(error) == _LOCK_NOT_AVAILABLE


def is_read_only(error: BaseException) -> bool:
    """Whether a PostgreSQL server lets this session change nothing."""
    return _state(error) == _READ_ONLY


def is_locked_file(error: BaseException) -> bool:
    """Whether another process was writing to the SQLite file all the time that we waited."""
    return is_busy(getattr(error, "orig", None))


def is_busy(cause: BaseException | None) -> bool:
    """The same of an error of SQLite's driver."""
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


_NOT_TRIED = "sync_worker_not_tried"


def note_not_tried(cause: Exception) -> None:
    """Note with an error of the driver that the server was not asked: it refused us just now."""
    setattr(cause, _NOT_TRIED, True)


def was_tried(error: BaseException) -> bool:
    """Whether the server was asked, and not spared a login that it would only refuse again."""
    return not hasattr(getattr(error, "orig", None), _NOT_TRIED)


_STALE = "sync_worker_stale"


def note_stale(cause: BaseException | None) -> None:
    """Note with an error of a prepared statement that it no longer is what was prepared."""
    setattr(cause, _STALE, True)


_COMMIT = "sync_worker_commit"


def note_commit(error: DBAPIError) -> None:
    """Note with an error that it was a commit that failed."""
    setattr(error.orig, _COMMIT, True)


def may_be_committed(error: DBAPIError) -> bool:
    """Whether a commit was sent and the connection broke, so that its result is unknown."""
    return error.connection_invalidated and hasattr(error.orig, _COMMIT)


FULL = "the disk is full"
_DISK = "sync_worker_disk"
_DISK_FULL = "53100"
_OF_THE_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


def may_be_the_disk(cause: BaseException) -> bool:
    """Whether the disk of a SQLite database may be why it failed."""
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK


_DESCRIPTORS = "sync_worker_descriptors"


def note_descriptors(cause: BaseException, what: str) -> None:
    """Note with an error of the driver that no descriptor is left, for `first_line` to say."""
    setattr(cause, _DESCRIPTORS, what)


def says_descriptors(error: BaseException) -> bool:
    """Whether the database could not be reached because we can open no more connections."""
    return hasattr(getattr(error, "orig", None), _DESCRIPTORS)


def note_disk(cause: BaseException, what: str | None) -> None:
    """Note with an error of the driver what is wrong with the disk, for `first_line` to say."""
    setattr(cause, _DISK, what)


def says_disk_full(error: BaseException) -> bool:
    """Whether the database failed because a disk is full."""
    noted = getattr(getattr(error, "orig", None), _DISK, None) or ""
    return _state(error) == _DISK_FULL or noted.startswith(FULL)


def _state(error: BaseException) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def first_line(error: BaseException) -> str:
    """What the database said, without the statement and its values; and if its disk is why."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).strip().partition("\n")[0]
    why = getattr(cause, _DESCRIPTORS, None) or getattr(cause, _DISK, None)
    return f"{said}: {why}" if why else said

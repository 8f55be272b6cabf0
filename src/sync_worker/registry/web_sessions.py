"""Who is signed in to the administrators' page.

The browser has the id; the database has its hash alone, so that whoever reads the table can be
nobody. Whether a session is over is judged here, by the server's clock. What rights it has is the
page's to say: here they are a document.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from sync_worker.registry import errors, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.errors import Fault
from sync_worker.registry.tables import web_session

IDLE_MINUTES = 60
LONG_IDLE_MINUTES = 600
"""For who needs longer: ten times as long (WCAG 2.2.1)."""
LASTS = timedelta(hours=12)
"""However busy it is."""
_REMEMBERED = timedelta(hours=24)
"""A session that is over is told from one that never was, and has what was typed."""
_TOUCHED_EVERY = timedelta(minutes=1)
_MOST_KEPT = 20
_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Somebody who is signed in."""

    id_hash: str
    actor: str
    rights: str
    """JSON, as it was given."""
    id_token: str | None
    """For signing out at the identity provider too."""
    created_at: datetime
    last_seen_at: datetime
    idle_minutes: int
    kept: Mapping[str, Any]

    @property
    def idle_ends_at(self) -> datetime:
        """When it is over, unless something is done in it."""
        return self.last_seen_at + timedelta(minutes=self.idle_minutes)

    @property
    def ends_at(self) -> datetime:
        """When it is over, whatever is done in it."""
        return self.created_at + LASTS


class Ending(StrEnum):
    """Why a session is over without anybody having ended it."""

    IDLE = "idle"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A session that is over: it gives no rights any more."""

    actor: str
    idle_minutes: int
    ending: Ending
    kept: Mapping[str, Any]


def require_access(connection: Connection) -> None:
    """Raise DBAPIError where this login may not read sessions, which only administrators' may."""
    connection.execute(select(web_session.c.id_hash).limit(0))


def create(
    connection: Connection,
    actor: str,
    rights: str,
    now: datetime,
    *,
    id_token: str | None = None,
    idle_minutes: int = IDLE_MINUTES,
) -> str:
    """Sign somebody in; the id for the browser, which nobody can guess.

    Forgets the sessions that have been over for long.
    """
    _remove(connection, web_session.c.created_at < now - _REMEMBERED)
    session_id = secrets.token_urlsafe(_ID_BYTES)
    row = {
        "id_hash": hash_of(session_id),
        "actor": actor,
        "rights": rights,
        "id_token": id_token,
        "created_at": now,
        "last_seen_at": now,
        "idle_minutes": idle_minutes,
        "kept": json.dumps({}),
    }
    connection.execute(insert(web_session).values(row))
    return session_id


def find(registry: Registry, session_id: str, now: datetime) -> StoredSession | TimedOut | None:
    """The session with an id, seen now; None where there is none, or somebody has ended it.

    That it was seen is written once a minute at the most. Where the database is busy it is left
    for the next time: to read a page must not wait for others' writing.

    Raises:
        WrongRevision: the schema is of another version of this program.
    """
    with registry.snapshot() as connection:
        schema.require_compatible(connection)
        wanted = select(web_session).where(web_session.c.id_hash == hash_of(session_id))
        row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    session = _session(row)
    if now >= session.ends_at:
        return _timed_out(session, Ending.TOO_OLD)
    if now >= session.idle_ends_at:
        return _timed_out(session, Ending.IDLE)
    if now - session.last_seen_at >= _TOUCHED_EVERY:
        _touch(registry, session.id_hash, now)
    return session


def let_idle(connection: Connection, id_hash: str, minutes: int) -> None:
    """Have a session last so long while nothing is done in it."""
    connection.execute(_update(id_hash).values(idle_minutes=minutes))


def keep(connection: Connection, id_hash: str, name: str, value: Any) -> None:
    """Keep something for a session, such as a result that is to be shown once; JSON can hold it.

    What was kept first goes where it is too much. Nothing is kept for a session that has ended.
    """
    kept = _locked_kept(connection, id_hash)
    if kept is None:
        return
    kept.pop(name, None)
    newest = list(kept.items())[-(_MOST_KEPT - 1) :]
    _write_kept(connection, id_hash, {**dict(newest), name: value})


def take(connection: Connection, id_hash: str, name: str) -> Any:
    """What was kept under a name, which then is not kept any more; None where nothing was."""
    kept = _locked_kept(connection, id_hash)
    if not kept or name not in kept:
        return None
    value = kept.pop(name)
    _write_kept(connection, id_hash, kept)
    return value


def end(connection: Connection, session_id: str) -> None:
    """Sign somebody out."""
    _remove(connection, web_session.c.id_hash == hash_of(session_id))


def hash_of(session_id: str) -> str:
    """What the database has of an id, in hexadecimal."""
    return sha256(session_id.encode("utf-8", "backslashreplace")).hexdigest()


def _touch(registry: Registry, id_hash: str, now: datetime) -> None:
    is_older = web_session.c.last_seen_at < now
    try:
        with registry.transaction(waits=False) as transaction:
            transaction.connection.execute(
                _update(id_hash).where(is_older).values(last_seen_at=now)
            )
            transaction.commit()
    except DBAPIError as error:
        if errors.fault_of(error) is not Fault.TRANSIENT:
            raise


def _locked_kept(connection: Connection, id_hash: str) -> dict[str, Any] | None:
    """What is kept for a session; two tabs take turns. None where it has ended."""
    statement = select(web_session.c.kept).where(web_session.c.id_hash == id_hash)
    document = connection.scalar(statement.with_for_update())
    return None if document is None else dict(json.loads(document))


def _write_kept(connection: Connection, id_hash: str, kept: Mapping[str, Any]) -> None:
    connection.execute(_update(id_hash).values(kept=json.dumps(dict(kept))))


def _update(id_hash: str) -> Update:
    return update(web_session).where(web_session.c.id_hash == id_hash)


def _remove(connection: Connection, which: ColumnElement[bool]) -> None:
    connection.execute(delete(web_session).where(which))


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        row.id_hash,
        row.actor,
        row.rights,
        row.id_token,
        row.created_at,
        row.last_seen_at,
        row.idle_minutes,
        json.loads(row.kept),
    )


def _timed_out(session: StoredSession, ending: Ending) -> TimedOut:
    return TimedOut(session.actor, session.idle_minutes, ending, session.kept)

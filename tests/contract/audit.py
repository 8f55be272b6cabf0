"""An account of what was committed, in the order of the commits, kept by triggers of the tests.

On PostgreSQL they fire as a transaction commits, and number what it did. Two transactions that keep
each other waiting are numbered in the order of their commits; two that should and do not may be
numbered either way, which is what finds them. On SQLite one transaction follows the other anyway.
"""

from typing import NamedTuple

from sqlalchemy import Connection, text

_WATCHED = (
    ("clinic", "UPDATE", "NEW.hsa_id, NEW.active, NEW.region_code, NEW.registered_at IS NOT NULL"),
    ("clinic", "INSERT", "NEW.hsa_id, NEW.active, NEW.region_code, NEW.registered_at IS NOT NULL"),
    ("own_system", "INSERT", "NEW.hsa_id, true, NULL, NULL"),
    ("own_system", "DELETE", "OLD.hsa_id, false, NULL, NULL"),
)
_COLUMNS = "subject, hsa_id, said, region_code, registered"


class State(NamedTuple):
    """A clinic at a moment."""

    active: bool | None = None
    region_code: str | None = None
    is_registered: bool = False
    in_tak: bool = False


def install(connection: Connection) -> None:
    """Watch the tables of the clinics and of TAK from now on."""
    is_postgresql = connection.dialect.name == "postgresql"
    number = "bigserial" if is_postgresql else "INTEGER PRIMARY KEY"
    connection.execute(
        text(
            f"CREATE TABLE audit (number {number}, subject text, hsa_id text, said boolean,"
            " region_code text, registered boolean)"
        )
    )
    for table, operation, values in _WATCHED:
        name = f"audit_{table}_{operation}"
        entry = f"INSERT INTO audit ({_COLUMNS}) VALUES ('{table}', {values});"
        event = f"AFTER {operation} ON {table}"
        if not is_postgresql:
            connection.execute(text(f"CREATE TRIGGER {name} {event} BEGIN {entry} END"))
            continue
        body = f"$$ BEGIN {entry} RETURN NULL; END $$"
        function = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {body}"
        connection.execute(text(function))
        deferred = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION"
        connection.execute(text(f"CREATE CONSTRAINT TRIGGER {name} {event} {deferred} {name}()"))


def registrations(connection: Connection) -> list[tuple[str, State]]:
    """Each registration that was committed, with how its clinic stood at that moment."""
    states: dict[str, State] = {}
    found = []
    for row in connection.execute(text(f"SELECT {_COLUMNS} FROM audit ORDER BY number")):
        before = states.get(row.hsa_id, State())
        if row.subject == "own_system":
            states[row.hsa_id] = before._replace(in_tak=bool(row.said))
            continue
        now = State(row.said, row.region_code, bool(row.registered), before.in_tak)
        states[row.hsa_id] = now
        if now.is_registered and not before.is_registered:
            found.append((row.hsa_id, now))
    return found

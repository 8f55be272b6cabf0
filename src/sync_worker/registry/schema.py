"""Which revision of the schema this program needs, which one is there, and the way between."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select

from sync_worker.errors import Exit, UserError
from sync_worker.registry import dialect, roles
from sync_worker.registry.tables import alembic_version, schema_history
from sync_worker.remedies import Remedy
from sync_worker.sequences import Tally

HEAD = "0018"
"""The revision that this version of the program was made for. It works on no earlier one, and on
those later ones that say so."""
COMPATIBLE_FROM = "0018"
"""The revision that the oldest program was made for which can run when the schema is at `HEAD`."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class AppliedMigration(NamedTuple):
    """What the database says of a migration: the oldest program that runs beside it."""

    revision: str
    compatible_from: str
    program_version: str
    """The version of the program that applied it."""


class WrongRevision(UserError):
    """The database's schema is not one that this program works on.

    `newer` is what the database says of it, where it is of a later program.
    """

    def __init__(self, found: str | None, newer: AppliedMigration | None = None) -> None:
        at = f"at revision {found}" if found else "not there yet"
        why = f"This program works on revision {HEAD}."
        hint = Remedy.UPGRADE_SCHEMA()
        if newer is not None:
            why = (
                f"Programs for revision {newer.compatible_from} and later work on it, and this one "
                f"is for revision {HEAD}."
            )
            hint = Remedy.UPGRADE_PROGRAM(version=newer.program_version)
        super().__init__(
            Exit.USAGE,
            f"The database's schema is {at}.",
            why=why,
            hint=hint,
            code="revision",
        )


def current(connection: Connection) -> str | None:
    """The revision of the database's schema; None where it has none."""
    if not dialect.has_table(connection, alembic_version.name):
        return None
    return _revision(connection)


def require_head(connection: Connection) -> None:
    """Raise WrongRevision unless the schema is exactly the one that this program was made for."""
    found = current(connection)
    if found != HEAD:
        raise WrongRevision(found, _newer(connection, found))


def require_compatible(connection: Connection) -> None:
    """Raise WrongRevision unless this program works on the schema."""
    found = current(connection)
    if found != HEAD and not _keeps_history(connection):
        raise WrongRevision(found)
    require(connection, found)


def is_compatible(connection: Connection) -> bool:
    """Whether this program works on the schema."""
    try:
        require_compatible(connection)
    except WrongRevision:
        return False
    return True


def require_still_compatible(connection: Connection) -> None:
    """As `require_compatible`, and cheap: for each transaction of what has started."""
    require(connection, _revision(connection))


def require(connection: Connection, found: str | None) -> None:
    """The same of a `REVISION` that a statement of the caller has read."""
    if found == HEAD:
        return
    newer = _applied(connection, found) if _is_later(found) else None
    if newer is None or newer.compatible_from > HEAD:
        raise WrongRevision(found, newer)


def newer(connection: Connection) -> AppliedMigration | None:
    """The migration of a later program that the schema is at; None where it is at ours."""
    return _newer(connection, _revision(connection))


_SELECT_REVISION = select(alembic_version.c.version_num)
REVISION = _SELECT_REVISION.scalar_subquery().label("schema_revision")
"""For a statement that reads something else as well; `require` judges it."""


def _revision(connection: Connection) -> str | None:
    return connection.scalar(_SELECT_REVISION)


def _is_later(revision: str | None) -> bool:
    return revision is not None and revision > HEAD


def _newer(connection: Connection, found: str | None) -> AppliedMigration | None:
    is_kept = _is_later(found) and _keeps_history(connection)
    return _applied(connection, found) if is_kept else None


def _keeps_history(connection: Connection) -> bool:
    return dialect.has_table(connection, schema_history.name)


def _applied(connection: Connection, revision: str | None) -> AppliedMigration | None:
    """What is kept of a migration; nothing where its revision was set by hand, or before 0018."""
    row = connection.execute(select(schema_history).filter_by(revision=revision)).one_or_none()
    return None if row is None else AppliedMigration(*row)


def _stops_programs(connection: Connection, before: str) -> bool:
    """Whether programs that keep running at a revision no longer do at `HEAD`."""
    applied = _applied(connection, before) if _keeps_history(connection) else None
    return (applied.compatible_from if applied else before) < COMPATIBLE_FROM


def upgrade(engine: Engine, tally: Tally | None = None) -> tuple[str | None, str]:
    """Bring the schema to `HEAD` in one transaction; the revisions before and after.

    One that a later program has brought further, and that this one works on, stays as it is. The
    tally counts the revisions that were passed.

    Raises:
        WrongRevision: the schema is of a later program, and this one does not work on it.
        OpenSchema: somebody whom nobody trusts has added functions to the schema.
    """
    from alembic import command  # noqa: PLC0415 - slow to import, and only this command needs it
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        dialect.advisory_lock(connection, "schema")
        before = current(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if before is not None and before not in known:
            require_compatible(connection)
            return before, before
        if before == HEAD:
            return before, HEAD
        # Migrations look in the schema: whatever fits better than the catalogue's own would run.
        roles.refuse_planted(connection)
        if before is not None and _stops_programs(connection, before):
            # A program that is about to be refused has read the revision before it writes. What it
            # writes is committed before this, or it reads the new one.
            dialect.lock_out_readers(connection, alembic_version)
        config.attributes["connection"] = connection
        if tally is not None:
            config.attributes["passed"] = _counting(tally)
        command.upgrade(config, "head")
    return before, HEAD


def _counting(tally: Tally) -> Callable[[], None]:
    def passed() -> None:
        tally.done += 1

    return passed

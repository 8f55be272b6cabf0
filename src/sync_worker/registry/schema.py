"""Which revision of the schema this program needs, which one is there, and the way between."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from sync_worker.errors import Exit, UserError
from sync_worker.registry import dialect, roles
from sync_worker.registry.tables import alembic_version
from sync_worker.remedies import Remedy
from sync_worker.sequences import Tally

HEAD = "0017"
"""The revision that this version of the program works on."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class WrongRevision(UserError):
    """The database's schema is not the one that this program works on."""

    def __init__(self, found: str | None) -> None:
        at = f"at revision {found}" if found else "not there yet"
        super().__init__(
            Exit.USAGE,
            f"The database's schema is {at}.",
            why=f"This program works on revision {HEAD}.",
            hint=Remedy.UPGRADE_SCHEMA(),
            code="revision",
        )


def current(connection: Connection) -> str | None:
    """The revision of the database's schema; None where it has none."""
    if not dialect.has_table(connection, alembic_version.name):
        return None
    return _version(connection)


def require_head(connection: Connection) -> None:
    """Raise WrongRevision unless the schema is the one that this program works on."""
    require(current(connection))


def require_unchanged(connection: Connection) -> None:
    """As `require_head`, and cheap: for each transaction of a command that has started."""
    require(_version(connection))


def require(found: str | None) -> None:
    """The same of a `REVISION` that a statement of the caller has read."""
    if found != HEAD:
        raise WrongRevision(found)


_SELECT_REVISION = select(alembic_version.c.version_num)
REVISION = _SELECT_REVISION.scalar_subquery().label("schema_revision")
"""For a statement that reads something else as well; `require` judges it."""


def _version(connection: Connection) -> str | None:
    return connection.scalar(_SELECT_REVISION)


def upgrade(engine: Engine, tally: Tally | None = None) -> tuple[str | None, str]:
    """Bring the schema to `HEAD` in one transaction; the revisions before and after.

    The tally counts the revisions that were passed.

    Raises:
        WrongRevision: the schema is of a newer program.
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
            raise WrongRevision(before)
        if before == HEAD:
            return before, HEAD
        # Migrations look in the schema: whatever fits better than the catalogue's own would run.
        roles.refuse_planted(connection)
        config.attributes["connection"] = connection
        if tally is not None:
            config.attributes["on_version_apply"] = _counting(tally)
        command.upgrade(config, "head")
    return before, HEAD


def _counting(tally: Tally) -> Callable[..., None]:
    def passed(**_: object) -> None:
        tally.done += 1

    return passed

"""Which revision of the schema this program needs, which one is there, and the way between."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from sync_worker.registry import dialect

HEAD = "0012"
"""The revision that this version of the program works on."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class WrongRevision(Exception):
    """The database's schema is not the one that this program works on."""

    def __init__(self, found: str | None) -> None:
        super().__init__(f"the database's schema is at revision {found}, not at {HEAD}")
        self.found, self.needed = found, HEAD


def current(connection: Connection) -> str | None:
    """The revision of the database's schema; None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_head(connection: Connection) -> None:
    """Raise WrongRevision unless the schema is the one that this program works on."""
    found = current(connection)
    if found != HEAD:
        raise WrongRevision(found)


def require_unchanged(connection: Connection) -> None:
    """As `require_head`, and cheap: for each transaction of a worker that has started."""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != HEAD:
        raise WrongRevision(found)


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema to `HEAD` in one transaction; the revisions before and after.

    Raises:
        WrongRevision: the schema is of a newer program.
    """
    from alembic import command  # noqa: PLC0415 - slow to import, and only this command needs it
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        dialect.alone(connection, "schema")
        before = current(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if before is not None and before not in known:
            raise WrongRevision(before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, HEAD

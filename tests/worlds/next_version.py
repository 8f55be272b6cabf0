"""The two versions after this one: `python -m tests.worlds.next_version FOLDER COMMAND…`.

They are this program with one or two revisions more, which are in the folder with those before
them. The first adds, and this program runs beside it. The second takes for granted what this
program does not do: it must stop, and the version between the two keeps running. Both write into a
column that this one does not know: which program moved a position last.
"""

import shutil
import sys
from pathlib import Path

import sync_worker
from sync_worker.registry import schema

OURS = schema.HEAD
EXPANDED = f"{int(OURS) + 1:04}"
CONTRACTED = f"{int(OURS) + 2:04}"
VERSIONS = {EXPANDED: "98.0", CONTRACTED: "99.0"}
COMPATIBLE_FROM = {EXPANDED: schema.COMPATIBLE_FROM, CONTRACTED: EXPANDED}

_BEGINNING = """
import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "{revision}"
down_revision = "{before}"
compatible_from = "{compatible_from}"


def upgrade() -> None:
"""
_EXPANDS = """
    op.add_column("position", sa.Column("last_program", Bytewise))
    op.create_table("note", sa.Column("number", sa.Integer, primary_key=True))
    op.create_index("ix_clinic_name", "clinic", ["name"])
"""
_CONTRACTS = """
    op.execute("UPDATE position SET last_program = '' WHERE last_program IS NULL")
    with op.batch_alter_table("position") as position:
        position.alter_column(
            "last_program", existing_type=Bytewise, nullable=False, server_default=""
        )
"""


def create_migrations(folder: Path, revision: str) -> Path:
    """Write the migrations of the version for a revision into a folder."""
    shutil.copytree(schema._MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    _write(folder, EXPANDED, OURS, _EXPANDS)
    if revision == CONTRACTED:
        _write(folder, CONTRACTED, EXPANDED, _CONTRACTS)
    return folder


def _write(folder: Path, revision: str, before: str, body: str) -> None:
    beginning = _BEGINNING.format(
        revision=revision, before=before, compatible_from=COMPATIBLE_FROM[revision]
    )
    (folder / "versions" / f"m{revision}_next.py").write_text(beginning + body)


def become(folder: Path) -> None:
    """Be the version whose migrations are in the folder; before the rest is imported."""
    last = max(path.name for path in (folder / "versions").glob("m*.py"))
    schema._MIGRATIONS = folder
    schema.HEAD = last[1:5]
    schema.COMPATIBLE_FROM = COMPATIBLE_FROM[schema.HEAD]
    sync_worker.__version__ = VERSIONS[schema.HEAD]


def _write_last_program() -> None:
    """Have the column read with a position, and written where one is moved."""
    from sqlalchemy import Column  # noqa: PLC0415 - once the version is what it is

    from sync_worker.registry import tables  # noqa: PLC0415
    from sync_worker.registry.dialect import Bytewise  # noqa: PLC0415

    tables.position.append_column(Column("last_program", Bytewise))
    from sync_worker.registry import positions  # noqa: PLC0415 - its statements name the columns

    positions._ADVANCED_COLUMNS = (*positions._ADVANCED_COLUMNS, "last_program")
    advanced = positions._advanced
    positions._advanced = lambda *given: (*advanced(*given), sync_worker.__version__)


if __name__ == "__main__":
    become(Path(sys.argv.pop(1)))
    _write_last_program()
    from sync_worker.__main__ import main

    main()

"""Keep of each migration from here on which programs run beside it."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0018"
down_revision = "0017"
compatible_from = "0018"


def upgrade() -> None:
    op.create_table(
        "schema_history",
        sa.Column("revision", Bytewise, nullable=False),
        sa.Column("compatible_from", Bytewise, nullable=False),
        sa.Column("program_version", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_schema_history"),
        comment="Migrations as they were applied: the oldest program that runs beside each",
    )

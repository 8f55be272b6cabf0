"""Keep the results of reconciles: when the registry was compared with what, and what differed."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant, RowNumber

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", RowNumber, nullable=False, autoincrement=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("against", Bytewise, nullable=False),
        sa.Column("stream", Bytewise),
        sa.Column("as_of", Instant),
        sa.Column("regions", Bytewise, nullable=False),
        sa.Column("compared", sa.BigInteger, nullable=False),
        sa.Column("causes", Bytewise, nullable=False),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("ahead", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("is_repair", sa.Boolean, nullable=False),
        sa.Column("repaired", sa.BigInteger, nullable=False),
        sa.Column("not_repaired", sa.BigInteger, nullable=False),
        sa.Column("actor", Bytewise, nullable=False),
        sa.Column("reason", Bytewise),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliation"),
        comment="Comparisons of the registry with a stream or an extract, finished and recorded",
    )

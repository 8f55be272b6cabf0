"""Keep of each worker that reads Kafka how it is, as it reports every few seconds."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("name", Bytewise, nullable=False),
        sa.Column("host", Bytewise, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("version", Bytewise, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("reasons", Bytewise, nullable=False),
        sa.Column("not_ready_since", Instant),
        sa.Column("partitions", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
        comment="Workers that read Kafka, as each reports every few seconds; a clean stop removes"
        " its row",
    )

"""Count ignored records by their unknown type, and those at the end of each partition."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    unknown = sa.Column("unknown_in_a_row", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("position", unknown)
    op.create_table(
        "unknown_type",
        sa.Column("stream", Bytewise, nullable=False),
        sa.Column("topic", Bytewise, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("type", Bytewise, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("counted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("stream", "topic", "partition", "type", name="pk_unknown_type"),
        comment="How many records of which unknown type were ignored; a few types a partition",
    )

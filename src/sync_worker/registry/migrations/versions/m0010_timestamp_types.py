"""Keep with each dead letter who set its record's timestamp: the producer, or the broker.

Of the letters that there are nobody wrote it down; they were judged as if the producer had.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    column = sa.Column("is_log_append_time", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("dead_letter", column)

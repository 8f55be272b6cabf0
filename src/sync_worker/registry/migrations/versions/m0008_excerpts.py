"""Keep of a record that is too large an excerpt, with the size and the hash of its value."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("dead_letter", sa.Column("value_size", sa.BigInteger))
    op.add_column("dead_letter", sa.Column("value_sha256", Bytewise))

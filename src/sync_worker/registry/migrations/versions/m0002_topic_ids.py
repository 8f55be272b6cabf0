"""Keep the topic's id beside each position.

Offsets of a topic that was deleted and created anew mean nothing, and nothing else shows it.
"""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("position", sa.Column("topic_id", Bytewise))

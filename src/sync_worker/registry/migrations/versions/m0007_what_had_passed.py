"""What took effect before the rest of a mass change was held, and who has looked at it.

What had passed before holds that are there already is not known: theirs stays empty.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant, RowNumber

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("hold", sa.Column("acknowledged_at", Instant))
    op.add_column("approved_fact", sa.Column("event_id", Bytewise))
    op.create_table(
        "passed_fact",
        sa.Column(
            "hold_id",
            RowNumber,
            sa.ForeignKey("hold.id", name="fk_passed_fact_hold_id"),
            nullable=False,
            autoincrement=False,
        ),
        *_change(),
        sa.PrimaryKeyConstraint("hold_id", "hsa_id", "fact", name="pk_passed_fact"),
        comment="Guarded changes that took effect in a hold's region and window "
        "before it was opened",
    )
    op.create_table(
        "departed_fact",
        sa.Column("region_code", Bytewise, nullable=False),
        sa.Column("at", Instant, nullable=False),
        *_change(),
        sa.PrimaryKeyConstraint("region_code", "hsa_id", "fact", name="pk_departed_fact"),
        comment="By which change of which fact a counted clinic left a region of late",
    )


def _change() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.Column("fact", Bytewise, nullable=False),
        sa.Column("old_value", Bytewise),
        sa.Column("new_value", Bytewise, nullable=False),
        sa.Column("event_id", Bytewise, nullable=False),
    )

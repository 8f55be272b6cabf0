"""What the mass-change guard keeps: who left a region of late, and what was approved."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant, RowNumber

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("hold", sa.Column("closed_at", Instant))
    op.create_index("ix_held_fact_hold_id", "held_fact", ["hold_id"])
    op.create_table(
        "approved_fact",
        sa.Column(
            "hold_id",
            RowNumber,
            sa.ForeignKey("hold.id", name="fk_approved_fact_hold_id"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.Column("fact", Bytewise, nullable=False),
        sa.Column("old_value", Bytewise),
        sa.Column("new_value", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "hsa_id", "fact", name="pk_approved_fact"),
        comment="What an approved hold held, as it was approved",
    )
    op.create_table(
        "guard_region",
        sa.Column("region_code", Bytewise, nullable=False),
        sa.PrimaryKeyConstraint("region_code", name="pk_guard_region"),
        comment="A row a region: its lock is the right to decide what waits for a person there",
    )
    op.create_table(
        "departure",
        sa.Column("region_code", Bytewise, nullable=False),
        sa.Column("hsa_id", Bytewise, nullable=False),
        sa.Column("counted_at", Instant),
        sa.Column("moved_at", Instant),
        sa.PrimaryKeyConstraint("region_code", "hsa_id", name="pk_departure"),
        comment="Registered clinics that left a region of late; "
        "counted where no person approved it",
    )

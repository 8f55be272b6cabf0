"""Keep who is signed in to the administrators' page, and what people have it do to many clinics."""

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise, Instant

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("id_hash", Bytewise, nullable=False),
        sa.Column("actor", Bytewise, nullable=False),
        sa.Column("rights", Bytewise, nullable=False),
        sa.Column("id_token", Bytewise),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_seen_at", Instant, nullable=False),
        sa.Column("idle_minutes", sa.Integer, nullable=False),
        sa.Column("kept", Bytewise, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_web_session"),
        comment="Who is signed in to the administrators' page; signing out removes the row",
    )
    op.create_table(
        "web_plan",
        sa.Column("id", Bytewise, nullable=False),
        sa.Column("maker", Bytewise, nullable=False),
        sa.Column("action", Bytewise, nullable=False),
        sa.Column("region_codes", Bytewise),
        sa.Column("reason", Bytewise),
        sa.Column("file_name", Bytewise),
        sa.Column("file_digest", Bytewise),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sa.Column("counts", Bytewise, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("done_at", Instant),
        sa.Column("done_by", Bytewise),
        sa.Column("receipt", sa.LargeBinary),
        sa.CheckConstraint("action IN ('add', 'remove')", name="ck_web_plan_action"),
        sa.PrimaryKeyConstraint("id", name="pk_web_plan"),
        comment="What a person has the administrators' page do to many clinics, once confirmed;"
        " then its receipt",
    )
    op.create_index("ix_web_plan_maker", "web_plan", ["maker"])

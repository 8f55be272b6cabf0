"""Find a region's registered clinics without reading all clinics.

The guard counts them whenever one leaves its region, in the transaction that holds its locks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    is_registered = sa.text("registered_at IS NOT NULL")
    op.create_index(
        "ix_clinic_registered",
        "clinic",
        ["region_code"],
        sqlite_where=is_registered,
        postgresql_where=is_registered,
    )

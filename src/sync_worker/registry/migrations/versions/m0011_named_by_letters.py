"""Keep with each dead letter which HSA-ids its record names, so that it is found by them."""

import base64
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0011"
down_revision = "0010"

_MOST_BYTES = 16 * 2**20
"""A larger value is not read: its letter is found by its key alone."""
_LONGEST_ID = 64

_letter = sa.table(
    "dead_letter",
    sa.column("id"),
    sa.column("key", sa.LargeBinary),
    sa.column("value", sa.LargeBinary),
    sa.column("headers", sa.Text),
    sa.column("named", sa.Text),
)


def upgrade() -> None:
    op.add_column(
        "dead_letter", sa.Column("named", Bytewise, nullable=False, server_default=sa.text("''"))
    )
    connection = op.get_bind()
    size = sa.func.coalesce(sa.func.length(_letter.c.value), 0)
    value = sa.case((size <= _MOST_BYTES, _letter.c.value)).label("value")
    for number in connection.scalars(sa.select(_letter.c.id)).all():
        is_it = _letter.c.id == number
        columns = (_letter.c.key, value, _letter.c.headers)
        row = connection.execute(sa.select(*columns).where(is_it)).one()
        names = [text for text in dict.fromkeys(_names(row)) if _is_id(text)]
        if names:
            # Escaped: a database that is not in UTF-8 may lack a character of an odd id.
            named = f" {' '.join(names)} ".encode("ascii", "backslashreplace").decode()
            connection.execute(sa.update(_letter).where(is_it).values(named=named))


def _names(row: Any) -> list[str]:
    """What may be HSA-ids: in the data, as the subject, and the key."""
    headers = {name: _decoded(value) for name, value in json.loads(row.headers)}
    try:
        document = json.loads(row.value)
    except (TypeError, ValueError, RecursionError):
        document = None
    document = document if isinstance(document, dict) else {}
    data = document if "ce_specversion" in headers else document.get("data")
    texts = [
        data.get("hsaId") if isinstance(data, dict) else None,
        document.get("subject"),
        headers.get("ce_subject"),
        None if row.key is None else row.key.decode(errors="replace"),
    ]
    return [text.strip().upper() for text in texts if isinstance(text, str)]


def _decoded(value: str | None) -> str:
    return "" if value is None else base64.b64decode(value).decode(errors="replace")


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID and text.isprintable() and " " not in text

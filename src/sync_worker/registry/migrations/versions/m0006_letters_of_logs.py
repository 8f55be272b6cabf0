"""Keep with each dead letter which log it was read from, and what tells its record from others.

A topic that was created again has the same name and the same offsets, and is another log. The
letters that there are get the topic id that stands with the position of their partition.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from sync_worker.registry.dialect import Bytewise

revision = "0006"
down_revision = "0005"

_letter = sa.table(
    "dead_letter",
    *map(sa.column, ("id", "stream", "topic", "partition", "topic_id", "digest")),
    sa.column("timestamp_ms", sa.BigInteger),
    sa.column("key", sa.LargeBinary),
    sa.column("value", sa.LargeBinary),
    sa.column("headers", sa.Text),
)
_position = sa.table("position", *map(sa.column, ("stream", "topic", "partition", "topic_id")))


def upgrade() -> None:
    op.add_column("dead_letter", sa.Column("topic_id", Bytewise))
    op.add_column("dead_letter", sa.Column("digest", Bytewise))
    _fill(op.get_bind())
    log = ["stream", "topic_id", "topic", "partition", "record_offset", "digest"]
    with op.batch_alter_table("dead_letter") as batch:
        batch.alter_column("topic_id", existing_type=Bytewise, nullable=False)
        batch.alter_column("digest", existing_type=Bytewise, nullable=False)
        batch.drop_constraint("uq_dead_letter", type_="unique")
        batch.create_unique_constraint("uq_dead_letter", log)


def _fill(connection: sa.Connection) -> None:
    place = ("stream", "topic", "partition")
    is_its = sa.and_(*(_position.c[name] == _letter.c[name] for name in place))
    topic_id = sa.select(_position.c.topic_id).where(is_its).scalar_subquery()
    connection.execute(sa.update(_letter).values(topic_id=sa.func.coalesce(topic_id, "")))
    for number in connection.scalars(sa.select(_letter.c.id)).all():
        # One at a time: a record may be as large as memory allows.
        row = connection.execute(sa.select(_letter).where(_letter.c.id == number)).one()
        this = sa.update(_letter).where(_letter.c.id == number)
        connection.execute(this.values(digest=_digest(_parts(row))))


def _parts(row: sa.Row[Any]) -> Iterable[bytes | None]:
    """What the record holds, in the order in which `Record.digest` takes it."""
    yield None if row.timestamp_ms is None else b"%d" % row.timestamp_ms
    yield row.key
    yield row.value
    for name, value in json.loads(row.headers):
        yield name.encode()
        yield None if value is None else base64.b64decode(value)


def _digest(parts: Iterable[bytes | None]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.hexdigest()

"""Letters that were there before letters belonged to logs are kept, and are found again."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from tests.builders import ACTIVATION, activated, numbered
from tests.worlds.registry import NOW, batch_of, upgrade_to

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.pipeline.apply import Applier
from sync_worker.registry import dead_letters, schema
from sync_worker.registry.database import Registry
from sync_worker.registry.dead_letters import DeadLetterFilter
from sync_worker.registry.dialect import open_engine
from sync_worker.registry.tables import dead_letter
from sync_worker.streams.protocol import FetchedBatch

STREAM, TOPIC_ID = "kafka:c", "first"
BAD = numbered(
    [b"{", activated("SE2321000016-TA01", 0, regionCode="11")],
    topic=ACTIVATION,
    headers=(("h", b"\xff"), ("none", None)),
)


@pytest.fixture
def before(registry_url):
    """A database of the revision before, with two letters and the position of their partition."""
    engine = open_engine(registry_url, create=True)
    upgrade_to(engine, "0005")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO position VALUES (:s, :t, 0, 2, 0, 0, 0, 2, NULL, NULL, :i)"),
            {"s": STREAM, "t": ACTIVATION, "i": TOPIC_ID},
        )
        for record in BAD:
            connection.execute(
                text(
                    "INSERT INTO dead_letter (received_at, stream, topic, partition, record_offset,"
                    " timestamp_ms, key, value, headers, reason, detail, status) VALUES"
                    " ('2026-01-01T00:00:00.000000Z', :stream, :topic, 0, :offset, :ms, :key,"
                    " :value, :headers, 'invalid_json', '-', 'open')"
                ),
                {
                    "stream": STREAM,
                    "topic": record.topic,
                    "offset": record.offset,
                    "ms": record.timestamp_ms,
                    "key": record.key,
                    "value": record.value,
                    "headers": '[["h", "/w=="], ["none", null]]',
                },
            )
    yield engine
    engine.dispose()


def test_dead_letters_keep_their_log_when_read_again(before):
    schema.upgrade(before)
    registry = Registry(before)
    decoder = EventDecoder(ACTIVATION, Regions(("11",)), timedelta(minutes=10))
    applier = Applier(registry, decoder, lambda: NOW)
    with before.begin() as connection:
        found = connection.execute(select(dead_letter).order_by(dead_letter.c.id)).all()
        assert [(row.topic_id, row.digest) for row in found] == [
            (TOPIC_ID, record.digest) for record in BAD
        ]
        of_clinic = dead_letters.matching(connection, DeadLetterFilter(hsa_id="SE2321000016-TA01"))
        assert [head.number for head in of_clinic] == [found[1].id]
        connection.execute(text("UPDATE position SET next_offset = 0"))
    batch, _ = batch_of(BAD)
    again = FetchedBatch(batch.records, batch.ranges, {ACTIVATION: TOPIC_ID})
    applier.apply(STREAM, applier.decode(again))
    with before.connect() as connection:
        statuses = connection.scalars(select(dead_letter.c.status).order_by(dead_letter.c.id))
        assert list(statuses) == ["open", "redriven"]

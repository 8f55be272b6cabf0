"""Whatever a record holds, the decoder returns a result, and databases can store it."""

import json
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st
from tests.builders import ACTIVATION, REGION, activated
from tests.worlds.any_records import BYTES, HEADERS, JSON, KEYS, MUTATED, SOUND, disturbed
from tests.worlds.decoding import CLINIC, DECODER, NOW

from sync_worker.domain.hsa_id import normalised
from sync_worker.events.decode_result import Event, Rejection
from sync_worker.events.record import Record

LONGEST_DETAIL = 500
TIMESTAMPS = st.none() | st.integers(-(2**63), 2**63 - 1)


def storable(text: str) -> bool:
    """Whether a database takes the text."""
    return "\0" not in text and text == text.encode("utf-8", "replace").decode()


def texts_of(event: Event) -> list[str]:
    return [
        event.hsa_id,
        event.event_id,
        *(
            text
            for register in event.facts
            if register is not None
            for text in (register.sequence, register.event_id, register.value)
            if isinstance(text, str)
        ),
    ]


@given(
    value=st.none() | BYTES | MUTATED | disturbed() | JSON.map(json.dumps).map(str.encode),
    topic=st.sampled_from([ACTIVATION, REGION]),
    key=KEYS,
    headers=st.just(()) | HEADERS,
    timestamp_ms=TIMESTAMPS,
)
@example(b"[" * 100_000, ACTIVATION, None, (), None)
@example(b"9" * 100_000, ACTIVATION, None, (), None)
@example(b'{"type":' + b"9" * 5000 + b"}", ACTIVATION, None, (), None)
@example(b'{"type":"' + b"\\ud800" * 5000 + b'"}', ACTIVATION, None, (), None)
@example(SOUND, ACTIVATION, b"x" * 100_000, (), None)
def test_any_record_has_a_verdict_that_can_be_stored(value, topic, key, headers, timestamp_ms):
    record = Record(topic, 0, 0, timestamp_ms, key, value, headers)

    result = DECODER.decode(record, NOW)

    if isinstance(result, Event):
        assert all(storable(text) for text in texts_of(result))
        assert result.hsa_id == normalised(result.hsa_id)
        assert 1 <= len(result.hsa_id) <= 64
        assert datetime(1, 1, 1, tzinfo=UTC) <= result.time <= datetime.max.replace(tzinfo=UTC)
    else:
        assert storable(result.detail)
        assert result.detail.endswith(".")
        assert len(result.detail) <= LONGEST_DETAIL


@given(disturbed())
def test_a_verdict_depends_on_the_record_and_the_clock_alone(value):
    record = Record(ACTIVATION, 0, 0, None, CLINIC.encode(), value)

    assert DECODER.decode(record, NOW) == DECODER.decode(record, NOW)


@given(st.text(st.characters(), max_size=30))
def test_a_detail_never_quotes_a_name(name):
    secret = f"Exempelsson\0{name}"
    value = json.dumps(activated(CLINIC, 5, name=secret)).encode()

    result = DECODER.decode(Record("t", 0, 0, None, None, value), NOW)

    assert isinstance(result, Rejection)
    assert "Exempelsson" not in result.detail

"""Which payloads are retained once records are decoded."""

from datetime import timedelta

import pytest
from tests.builders import ACTIVATION, EPOCH, activated, record

from sync_worker.domain.regions import Regions
from sync_worker.events.decoder import EventDecoder
from sync_worker.events.record import HEADER_OVERHEAD_BYTES, Record
from sync_worker.pipeline.decoded_records import DecodedRecords, PayloadReleased

DECODER = EventDecoder(ACTIVATION, Regions(), timedelta(hours=1))
EVENT = record(activated("SE2321000016-J001", 0))
IGNORED = Record("other", 0, 0, None, b"key", None)
BAD = Record(ACTIVATION, 0, 1, None, None, b"no event", (("name", b"value"), ("none", None)))


def test_only_dead_lettered_records_retain_their_payload():
    decoded = DecodedRecords.decode(DECODER, [EVENT, IGNORED, BAD], EPOCH, retain_all=False)
    assert decoded.record(2) == BAD
    for at in (0, 1):
        with pytest.raises(PayloadReleased):
            decoded.record(at)


def test_bytes_are_kept_of_all_where_that_is_asked_for():
    decoded = DecodedRecords.decode(DECODER, [EVENT, IGNORED, BAD], EPOCH, retain_all=True)
    assert [decoded.record(at) for at in range(3)] == [EVENT, IGNORED, BAD]
    assert decoded.retained_bytes() > EVENT.size + IGNORED.size + BAD.size


def test_payloads_are_retained_where_a_dead_letter_exists():
    decoded = DecodedRecords.decode(
        DECODER, [EVENT, IGNORED], EPOCH, retain_all=False, retain_at={IGNORED.address}
    )
    assert decoded.record(1) == IGNORED
    with pytest.raises(PayloadReleased):
        decoded.record(0)


def test_the_size_of_a_record_is_that_of_its_bytes():
    headers = 2 * HEADER_OVERHEAD_BYTES + len("name") + len(b"value") + len("none")
    assert (IGNORED.size, BAD.size) == (3, 8 + headers)

"""Hostile records meet the verdict that they were made for, however they look."""

from itertools import islice

from tests.builders import ACTIVATION, REGION, record
from tests.worlds.decoding import DECODER, NOW
from tests.worlds.fold import stated
from tests.worlds.hostile import BAD, IGNORED, SOUND, disturbed, hostile

from sync_worker.events.decode_result import Event, Ignored, Reason, Rejection


def decoded(made):
    written = record(
        made.value,
        topic=ACTIVATION if made.is_activation else REGION,
        key=made.key,
        headers=made.headers,
        timestamp_ms=made.timestamp_ms,
    )
    return DECODER.decode(written, NOW)


def verdict_on(found):
    if isinstance(found, Rejection):
        return found.reason.value
    return IGNORED if isinstance(found, Ignored) else SOUND


def test_each_record_meets_the_verdict_it_was_made_for():
    for made in islice(hostile(1), 5000):
        found = decoded(made)
        assert verdict_on(found) == made.verdict, (made, found)
        if made.event is not None:
            facts = {"name": found.name, "activation": found.active, "region": found.region_code}
            assert {k: v for k, v in facts.items() if v is not None} == stated(made.event), made


def test_every_reason_that_a_decoder_gives_is_made():
    assert BAD.keys() - {IGNORED} == {reason.value for reason in Reason} - {"database_rejected"}


def test_disturbed_events_name_the_clinic_of_their_key_or_none():
    found = [decoded(made) for made in islice(disturbed(1), 5000)]
    assert {one.hsa_id for one in found if isinstance(one, Event)} == {"SE2321000016-UNJUDGED"}
    assert sum(isinstance(one, Rejection) for one in found) > 1000

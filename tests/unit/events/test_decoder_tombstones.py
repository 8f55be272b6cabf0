"""What becomes of a null value."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.builders import EPOCH, EPOCH_MS, REGION, deactivated
from tests.worlds.decoding import CLINIC, NOW, decode, reason_of

from sync_worker.domain.facts import Facts, Register
from sync_worker.events.decode_result import Event, Ignored, Reason

HOUR_MS = 3_600_000
NOW_MS = int(NOW.timestamp() * 1000)


def test_a_tombstone_is_a_deactivation_at_the_records_timestamp():
    event = decode(None, key=CLINIC)

    assert event == Event(CLINIC, "", EPOCH, "", active=False)
    assert event.facts == Facts(Register(EPOCH, "", "", value=False))


@pytest.mark.parametrize(
    "headers",
    [
        (("ce_specversion", b"1.0"), ("ce_type", b"eservices.clinic.activated.v1")),
        (("content-type", b"\xff"), ("\0", None)),
    ],
)
def test_its_headers_play_no_part(headers):
    assert decode(None, key=CLINIC, headers=headers) == decode(None, key=CLINIC)


def test_its_timestamp_counts_to_the_millisecond():
    result = decode(None, key=CLINIC, timestamp_ms=EPOCH_MS + 1)

    assert result.time == EPOCH + timedelta(milliseconds=1)


def test_a_timestamp_set_by_the_broker_dates_no_tombstone():
    rejection = decode(None, key=CLINIC, is_log_append_time=True)

    assert rejection.reason is Reason.INVALID_EVENT
    assert "LogAppendTime" in rejection.detail


def test_a_tombstone_off_its_topic_is_ignored():
    assert isinstance(decode(None, topic=REGION, key=CLINIC, is_log_append_time=True), Ignored)


def test_an_event_states_its_own_time_whoever_set_its_timestamp():
    content = deactivated(CLINIC, 5)

    assert decode(content, is_log_append_time=True) == decode(content)


@pytest.mark.parametrize("key", [CLINIC.lower(), f" {CLINIC}\n", f"\ufeff{CLINIC}\u00a0"])
def test_its_key_is_normalised(key):
    assert decode(None, key=key).hsa_id == CLINIC


@pytest.mark.parametrize("key", [CLINIC, None, b"\xff", "a b"])
@pytest.mark.parametrize("timestamp_ms", [EPOCH_MS, None])
def test_off_the_activation_topic_it_is_ignored_whatever_it_is(key, timestamp_ms):
    result = decode(None, topic=REGION, key=key, timestamp_ms=timestamp_ms)

    assert isinstance(result, Ignored)


@pytest.mark.parametrize("key", [CLINIC, None, b"\xff", "a b"])
@pytest.mark.parametrize("timestamp_ms", [None, 2**63 - 1, -(2**63), 253_402_300_800_000])
def test_without_a_valid_timestamp_it_is_invalid(key, timestamp_ms):
    assert reason_of(None, key=key, timestamp_ms=timestamp_ms) is Reason.INVALID_EVENT


@pytest.mark.parametrize("key", [None, b"", " ", "\ufeff\t", b"\xff", b"\xff" * 100])
def test_without_a_key_that_is_text_it_names_no_clinic(key):
    assert reason_of(None, key=key) is Reason.IDENTITY_MISMATCH


@pytest.mark.parametrize("key", ["x" * 65, "a b", "a\0", "a\u0085b", "a\ufeffb", "\x7f"])
def test_a_key_that_is_not_an_hsa_id_is_invalid(key):
    assert reason_of(None, key=key) is Reason.INVALID_EVENT


def test_it_may_be_ahead_like_an_event_and_no_further():
    assert isinstance(decode(None, key=CLINIC, timestamp_ms=NOW_MS + HOUR_MS), Event)
    late = reason_of(None, key=CLINIC, timestamp_ms=NOW_MS + HOUR_MS + 1)
    assert late is Reason.TIME_IN_FUTURE


def test_it_may_be_as_old_as_instants_are():
    first = datetime(1, 1, 1, tzinfo=UTC)
    timestamp_ms = (first - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert decode(None, key=CLINIC, timestamp_ms=timestamp_ms).time == first

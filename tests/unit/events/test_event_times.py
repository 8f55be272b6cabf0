"""The instant that a time names: what RFC 3339 allows, and nothing else."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.events.timestamps import instant, instant_of_timestamp

OFFSETS = st.integers(-(24 * 60 - 1), 24 * 60 - 1).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
EARLIEST = datetime.combine(date(1, 1, 2), time.min)
LATEST = datetime.combine(date(9999, 12, 30), time.max)


def at(day: date, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second, micro), UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T08:14:02Z", at(date(2026, 3, 2), 8, 14, 2)),
        ("2026-03-02t08:14:02z", at(date(2026, 3, 2), 8, 14, 2)),
        ("2026-03-02T10:14:02+02:00", at(date(2026, 3, 2), 8, 14, 2)),
        ("2026-03-02T00:14:02-23:59", at(date(2026, 3, 3), 0, 13, 2)),
        ("2026-03-02T08:14:02-00:00", at(date(2026, 3, 2), 8, 14, 2)),
        ("2026-03-02T08:14:02.1Z", at(date(2026, 3, 2), 8, 14, 2, 100_000)),
        ("2026-03-02T08:14:02.1234569Z", at(date(2026, 3, 2), 8, 14, 2, 123_456)),
        ("2026-03-02T08:14:02." + "9" * 1000 + "Z", at(date(2026, 3, 2), 8, 14, 2, 999_999)),
        ("2024-02-29T00:00:00Z", at(date(2024, 2, 29))),
        ("2000-02-29T00:00:00Z", at(date(2000, 2, 29))),
        ("0001-01-01T00:00:00Z", at(date(1, 1, 1))),
        ("0001-01-01T01:00:00+01:00", at(date(1, 1, 1))),
        ("9999-12-31T23:59:59.9999999Z", at(date(9999, 12, 31), 23, 59, 59, 999_999)),
    ],
)
def test_a_time_is_in_utc_cut_to_the_microsecond(text, expected):
    assert instant(text) == expected
    assert instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T08:14:02",
        "2026-03-02T08:14Z",
        "2026-03-02 08:14:02Z",
        "2026-03-02T08:14:02 Z",
        " 2026-03-02T08:14:02Z",
        "2026-03-02T08:14:02Z\n",
        "2026-03-02T08:14:02Z ",
        "2026-03-02T08:14:02.Z",
        "2026-03-02T08:14:02,5Z",
        "2026-03-02T08:14:02+01",
        "2026-03-02T08:14:02+0100",
        "2026-03-02T08:14:02+24:00",
        "2026-03-02T08:14:02+01:60",
        "2026-03-02T08:14:02+01:00:00",
        "2026-03-02T08:14:02\u221201:00",
        "20260302T081402Z",
        "2026-W10-1T08:14:02Z",
        "2026-061T08:14:02Z",
        "2026-3-2T08:14:02Z",
        "2026-00-02T08:14:02Z",
        "2026-13-02T08:14:02Z",
        "2026-03-00T08:14:02Z",
        "2026-04-31T08:14:02Z",
        "2026-02-29T08:14:02Z",
        "1900-02-29T08:14:02Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T08:60:02Z",
        "2016-12-31T23:59:60Z",
        "0000-12-31T23:59:59Z",
        "0000-02-29T08:14:02Z",
        "10000-01-01T00:00:00Z",
        "+2026-03-02T08:14:02Z",
        "٢٠٢٦-03-02T08:14:02Z",
        "1767225600",
        "0001-01-01T00:30:00+01:00",
        "9999-12-31T23:30:00-01:00",
    ],
)
def test_only_rfc_3339_with_an_offset_is_a_time(text):
    with pytest.raises(ValueError, match=r"not an RFC 3339 time|outside the years"):
        instant(text)


@given(st.datetimes(EARLIEST, LATEST, timezones=OFFSETS))
def test_any_moment_comes_back_from_its_iso_form(moment):
    assert instant(moment.isoformat()) == moment


@given(st.text(alphabet="0123456789-:.+TtZz \n", max_size=30))
def test_any_text_is_an_instant_or_is_refused(text):
    with suppress(ValueError):
        assert instant(text).tzinfo is UTC


def test_a_timestamp_is_milliseconds_since_1970():
    assert instant_of_timestamp(1_767_225_600_123) == at(date(2026, 1, 1), 0, 0, 0, 123_000)
    assert instant_of_timestamp(-1_000) == at(date(1969, 12, 31), 23, 59, 59)


@pytest.mark.parametrize("timestamp_ms", [2**63 - 1, -(2**63), 253_402_300_800_000])
def test_a_timestamp_outside_the_years_is_none(timestamp_ms):
    with pytest.raises(ValueError, match="outside the years"):
        instant_of_timestamp(timestamp_ms)

"""Timestamps of events: strict RFC 3339, as CloudEvents requires, turned into instants.

Instants are those that databases can store: in UTC, truncated to the microsecond, in the years 1 to
9999, without leap seconds.
"""

import re
from datetime import UTC, datetime, timedelta

_LEAP_CENTURY_OR_YEAR = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
)
_ANY_YEAR = "(?!0000)[0-9]{4}"
_DAY = (
    f"(?:{_ANY_YEAR}-(?:"
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_CENTURY_OR_YEAR}-02-29)"
)
_HOUR_AND_MINUTE = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"

PATTERN = rf"^{_DAY}[Tt]{_HOUR_AND_MINUTE}:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-]{_HOUR_AND_MINUTE})$"
"""The form, as a regular expression that Python and JSON Schema share."""

CLOCKS_DIFFER = timedelta(minutes=1)
"""Clocks synchronised by NTP differ by less; an event further ahead means that one is wrong."""

_FORM = re.compile(PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(text: str) -> datetime:
    """The instant in UTC, truncated to the microsecond.

    Raises:
        ValueError: the text is not of the form, or outside the years 1 to 9999 in UTC.
    """
    if _FORM.fullmatch(text) is None:
        raise ValueError("not an RFC 3339 time with an offset")
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None


def instant_of_timestamp(timestamp_ms: int) -> datetime:
    """The instant of a record's timestamp.

    Raises:
        ValueError: it is outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None

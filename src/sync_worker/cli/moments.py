"""Times as people type them: the same forms in every option."""

from datetime import UTC, date, datetime, time

import click


class Moment(click.ParamType[datetime]):
    """An instant of ISO 8601 as an option's value; `dates` stand for their midnights in UTC."""

    name = "ISO"

    def __init__(self, *, dates: bool = True) -> None:
        self._dates = dates

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment(value, dates=self._dates)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def moment(written: str, *, dates: bool = True) -> datetime:
    """The instant that a person names in ISO 8601 with an offset; a bare date is midnight in UTC.

    Raises:
        ValueError: with a sentence that says how to write it; without `dates` also for a date.
    """
    text = written.strip()
    if dates:
        try:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        except ValueError:
            pass
    try:
        named = datetime.fromisoformat(text)
        has_offset = named.tzinfo is not None
        in_utc = named.astimezone(UTC)
    except (ValueError, OverflowError):
        forms = "2026-11-23 or 2026-11-23T08:14:02Z" if dates else "2026-11-23T08:14:02Z"
        what = "date or time" if dates else "time"
        raise ValueError(f"this is no {what} of ISO 8601; write {forms}.") from None
    if not has_offset:
        full = text if len(text) > len("2026-11-23") else f"{text}T00:00:00"
        raise ValueError(f"it does not say which time it is; write {full}Z for UTC, or an offset.")
    return in_utc

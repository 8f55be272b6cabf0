"""A time as people type it, as the type of an option."""

import re
from datetime import UTC, datetime

import click

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Moment(click.ParamType[datetime]):
    """An instant as RFC 3339 writes it, or a date, which stands for its midnight in UTC."""

    name = "ISO"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        from sync_worker.events import times

        if isinstance(value, datetime):
            return value
        written = value.strip()
        try:
            if _DATE.fullmatch(written):
                return datetime.fromisoformat(written).replace(tzinfo=UTC)
            return times.instant(written.replace(" ", "T"))
        except ValueError:
            self.fail(
                f"{value!r} is no time with an offset, and no date. Write it as in "
                "2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00; 2026-01-31 is its midnight "
                "in UTC.",
                param,
                ctx,
            )

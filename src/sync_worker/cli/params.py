"""Times as people type them: the same forms in every option."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from sync_worker.cli import text
from sync_worker.errors import Exit, UserError
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, End, Now, Range, Start


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
        raise ValueError(f"this is not a valid {what} (ISO 8601); write {forms}.") from None
    if not has_offset:
        full = text if len(text) > len("2026-11-23") else f"{text}T00:00:00"
        raise ValueError(f"it does not say which time it is; write {full}Z for UTC, or an offset.")
    return in_utc


# What was typed for a command's parameters, as it stood before it is read as values.


_LONE = re.compile("[\ud800-\udfff]")


def refuse_unclear(ctx: click.Context, command: click.Command, args: Sequence[str]) -> None:
    """Raise BadParameter for an option that is given twice and takes one value, and for no text.

    click takes the last value of several without a word, and half of what was asked for would be
    done. Flags may be repeated: they say the same. A file's name may be of any bytes.
    """
    values, _, order = command.make_parser(ctx).parse_args(list(args))
    if ctx.resilient_parsing or any(param.is_eager for param in order):
        return
    for param in order:
        if _takes_one_value(param) and order.count(param) > 1:
            raise click.BadParameter("it is given more than once, and takes one value.", ctx, param)
        is_text = isinstance(param.type, click.types.StringParamType)
        if is_text and not _is_decoded(values.get(str(param.name))):
            raise click.BadParameter("it is not text in UTF-8.", ctx, param)


def _takes_one_value(param: click.Parameter) -> bool:
    is_value = isinstance(param, click.Option) and not (param.is_flag or param.count)
    return is_value and not param.multiple


def _is_decoded(value: Any) -> bool:
    """Whether a text, or each of several, came in UTF-8: other bytes become lone surrogates."""
    texts = value if isinstance(value, list | tuple) else (value,)
    return not any(isinstance(text, str) and _LONE.search(text) for text in texts)


# The options that name a range of a stream. `--archive`, `--topic`, `--partition`, `--from` and
# `--until` mean the same in every command.


Decorated = TypeVar("Decorated", bound=Callable[..., object])
_OFFSET = re.compile(r"offset:([0-9]{1,18})")


class _Bound(click.ParamType[Start | End]):
    """One word, `offset:N` or `time:ISO`, as a bound of a range."""

    def __init__(self, word: str, meaning: Earliest | Now) -> None:
        self.name = f"{word}|offset:N|time:ISO"
        self._word, self._meaning = word, meaning

    def convert(
        self,
        value: str | Start | End,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Start | End:
        if not isinstance(value, str):
            return value
        if value == self._word:
            return self._meaning
        if offset := _OFFSET.fullmatch(value):
            return AtOffset(int(offset[1]))
        if not value.startswith("time:"):
            self.fail(
                f"{value!r} is neither {self._word!r} nor 'offset:' and a number nor 'time:' and "
                "a date or a time.",
                param,
                ctx,
            )
        try:
            return AtTime(moment(value.removeprefix("time:")))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--topic`, `--partition`, `--from` and `--until`, as `wanted`."""

    @wraps(command)
    def called(
        *args: Any,
        topics: Sequence[str],
        partitions: Sequence[int],
        start: Start,
        end: End,
        **others: Any,
    ) -> Any:
        return command(*args, wanted=selected(topics, partitions, start, end), **others)

    taking: Callable[..., Any] = called
    for option in reversed(_OPTIONS):
        taking = option(taking)
    return taking


def archives_option(help_text: str) -> Callable[[Decorated], Decorated]:
    """`--archive PATH`, repeatable, as `archives`."""
    return click.option(
        "--archive",
        "archives",
        multiple=True,
        type=click.Path(path_type=Path),
        help=f"{help_text} May be given several times.",
    )


_OPTIONS = (
    click.option(
        "--topic",
        "topics",
        multiple=True,
        metavar="T",
        help="Only this topic. May be given several times.",
    ),
    click.option(
        "--partition",
        "partitions",
        multiple=True,
        type=click.IntRange(min=0),
        metavar="N",
        help="Only this partition. May be given several times.",
    ),
    click.option(
        "--from",
        "start",
        type=_Bound("earliest", Earliest()),
        default=Earliest(),
        show_default="earliest",
        help="Where to begin: the beginning, an offset (of one topic's one partition), or the "
        "first record at or after a time. A bare date is midnight UTC.",
    ),
    click.option(
        "--until",
        "end",
        type=_Bound("now", Now()),
        default=Now(),
        show_default="now",
        help="Where to stop; that record itself is not read. now is the end as it is at the start.",
    ),
)


def selected(topics: Sequence[str], partitions: Sequence[int], start: Start, end: End) -> Range:
    """The range that the options name.

    Raises:
        UserError: an offset without a single partition to count in, or an end before the start.
    """
    wanted = Range(tuple(dict.fromkeys(topics)), frozenset(partitions), start, end)
    if isinstance(start, AtOffset) or isinstance(end, AtOffset):
        _require_one_partition(wanted)
    _require_order(start, end)
    return wanted


def until_option(end: End) -> str:
    """The end as it is typed, with a blank before it; nothing where it is now."""
    match end:
        case Now():
            return ""
        case AtOffset(offset):
            return f" --until offset:{offset}"
        case AtTime(moment_named):
            return f" --until time:{text.instant(moment_named)}"


def _require_one_partition(wanted: Range) -> None:
    if not wanted.names_one_partition:
        raise UserError(
            Exit.USAGE,
            "An offset needs one topic and one partition.",
            why="It means another place in each partition.",
            hint="Give --topic and --partition once each, or name a time: --from time:2026-11-23",
        )


def _require_order(start: Start, end: End) -> None:
    is_backwards = False
    match start, end:
        case AtOffset(first), AtOffset(stop):
            is_backwards = stop < first
        case AtTime(first_moment), AtTime(stop_moment):
            is_backwards = stop_moment < first_moment
        case _:
            pass
    if is_backwards:
        raise UserError(
            Exit.USAGE,
            "--until lies before --from.",
            why="Nothing can be between them.",
            hint="Exchange the two.",
        )

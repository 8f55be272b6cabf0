"""The options that name a range: what each value means, and what a wrong one is told."""

from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from sync_worker.cli import params
from sync_worker.errors import Exit, UserError
from sync_worker.streams.ranges import AtOffset, AtTime, Earliest, Now, Range

ONE = ("--topic", "t", "--partition", "0")


def range_of(*arguments: str) -> Range:
    """The range that a command is given."""
    found: list[Range] = []

    @click.command
    @params.range_options
    def command(wanted):
        found.append(wanted)

    CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)
    return found[0]


def test_without_options_it_is_all_there_is_now():
    assert range_of() == Range((), frozenset(), Earliest(), Now())


def test_topics_and_partitions_may_be_given_several_times():
    wanted = range_of("--topic", "a", "--topic", "b", "--partition", "0", "--partition", "2")
    assert (wanted.topics, wanted.partitions) == (("a", "b"), frozenset({0, 2}))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T08:14:02Z", datetime(2026, 11, 23, 8, 14, 2, tzinfo=UTC)),
        ("2026-11-23T08:14:02.120Z", datetime(2026, 11, 23, 8, 14, 2, 120_000, tzinfo=UTC)),
        ("2026-11-23T08:14+01:00", datetime(2026, 11, 23, 7, 14, tzinfo=UTC)),
        ("2026-11-23 08:14:02Z", datetime(2026, 11, 23, 8, 14, 2, tzinfo=UTC)),
    ],
)
def test_a_bare_date_is_midnight_in_utc(text, moment):
    assert range_of("--from", f"time:{text}").start == AtTime(moment)
    assert range_of("--until", f"time:{text}").end == AtTime(moment)


def test_the_words_and_offsets_mean_what_they_say():
    assert range_of("--from", "earliest", "--until", "now") == Range()
    wanted = range_of(*ONE, "--from", "offset:5", "--until", "offset:5")
    assert (wanted.start, wanted.end) == (AtOffset(5), AtOffset(5))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "now"), "neither 'earliest' nor 'offset:'"),
        (("--until", "earliest"), "neither 'now' nor 'offset:'"),
        (("--from", "offset:-1"), "neither"),
        (("--from", "2026-11-23"), "neither"),
        (("--from", "time:yesterday"), "write 2026-11-23"),
        (("--from", "time:2026-11-23T08:14:02"), "write 2026-11-23T08:14:02Z"),
        (("--from", "time:0001-01-01T00:00:00+10:00"), "not a valid date or time"),
    ],
)
def test_a_wrong_bound_is_explained(arguments, told):
    with pytest.raises(click.BadParameter, match=told):
        range_of(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "offset:5"),
        ("--topic", "t", "--until", "offset:5"),
        ("--partition", "0", "--from", "offset:5"),
        (*ONE, "--topic", "u", "--from", "offset:5"),
        (*ONE, "--partition", "1", "--from", "offset:5"),
    ],
)
def test_an_offset_needs_one_topic_and_one_partition(arguments):
    with pytest.raises(UserError, match="one topic and one partition") as refused:
        range_of(*arguments)
    assert refused.value.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        (*ONE, "--from", "offset:5", "--until", "offset:4"),
        ("--from", "time:2026-11-23", "--until", "time:2026-11-22"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(arguments):
    with pytest.raises(UserError, match="before --from"):
        range_of(*arguments)

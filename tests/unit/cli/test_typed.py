"""What is typed unclearly: an option twice, bytes that are no text, blanks that nobody sees."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from tests.worlds.command_line import BOARD, contents

from sync_worker.cli.main import root

NO_TEXT = "a\udcff"
UNSEEN = ["\u200b", "\u2060 \u200b", "\ufe0f", "\u3164"]


def commands(
    group: click.Group, *above: str
) -> Iterator[tuple[tuple[str, ...], list[click.Parameter]]]:
    """Every command with its parameters."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if isinstance(found, click.Group):
            yield from commands(found, *above, name)
        elif found is not None:
            yield (*above, name), found.params


OPTIONS = [
    (path, param)
    for path, params in commands(root)
    for param in params
    if isinstance(param, click.Option) and not param.is_flag
]
SINGLE = [(path, param.opts[-1]) for path, param in OPTIONS if not param.multiple]
TEXTS = [
    (path, param)
    for path, params in commands(root)
    for param in params
    if param.type is click.STRING
]


def test_there_are_options_of_all_kinds():
    assert (("deadletters", "discard"), "--code") in SINGLE
    assert len(SINGLE) > 50
    assert len(TEXTS) > 20


@pytest.mark.parametrize(("path", "option"), SINGLE, ids=str)
def test_an_option_of_one_value_given_twice_is_refused(sync_worker, path, option):
    told = sync_worker(*path, option, "1", f"{option}=1")
    assert told.exit_code == 2
    assert option in told.stderr
    assert "more than once" in told.stderr


def test_nothing_is_discarded_by_the_last_of_two_codes(populated, sync_worker):
    before = contents(populated)
    line = ("deadletters", "discard", "--all", "--reason", "x", "-y")
    told = sync_worker(*line, "--code", "invalid_json", "--code", "unknown_region")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "'--code'" in told.stderr
    assert contents(populated) == before


def test_what_may_be_repeated_is_repeated_still(populated, sync_worker):
    assert sync_worker("clinics", "list", "--region", "01", "--region", "03").exit_code == 0
    assert sync_worker("-o", "json", "regions", "-o", "csv", "list", "-v", "-v").exit_code == 0
    assert sync_worker("regions", "list", "-o", "json", "-o", "csv").exit_code == 2
    told = sync_worker("deadletters", "list", "--code", "a", "--code", "b", "--help")
    assert (told.exit_code, told.stderr) == (0, "")


@pytest.mark.parametrize(("path", "param"), TEXTS, ids=str)
def test_text_that_is_not_utf8_is_refused(populated, sync_worker, path, param):
    given = [param.opts[0], NO_TEXT] if isinstance(param, click.Option) else ["--", NO_TEXT]
    if path[:1] == ("boards",) and param.name == "hsa_id":
        given = ["--", "01", NO_TEXT]
    told = sync_worker(*path, *given)
    assert told.exit_code == 2
    assert "not text in UTF-8" in told.stderr


def test_the_name_of_a_file_may_be_any_bytes(populated):
    for line in ("clinics import", "tak import", "events validate", "clinics remove -y --file"):
        arguments = [sys.executable, "-m", "sync_worker", *line.split(), NO_TEXT]
        ended = subprocess.run(arguments, capture_output=True, timeout=60, check=False)
        assert (ended.returncode, b"Traceback" in ended.stderr) == (6, False), ended.stderr


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("option", ["--name", "--ticket", "--actor", "--reason"])
def test_what_nobody_can_see_says_nothing(populated, sync_worker, option, unseen):
    before = contents(populated)
    line = {"--name": "Nämnden", "--ticket": "T-1"} | {option: unseen}
    told = sync_worker(
        "boards", "set", "03", BOARD, *(part for pair in line.items() for part in pair), "-y"
    )
    assert told.exit_code == 2
    assert f"'{option}': it is blank." in told.stderr
    assert contents(populated) == before


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e400", "-nan", "infinity"])
def test_to_be_idle_without_end_is_refused(populated, sync_worker, seconds):
    told = sync_worker("run", f"--until-idle={seconds}")
    assert told.exit_code == 2
    assert "--until-idle" in told.stderr

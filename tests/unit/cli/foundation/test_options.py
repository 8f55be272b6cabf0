"""The options that every command takes, and those that many take."""

import getpass

import click
import pytest

from sync_worker.cli import lookup, options
from sync_worker.cli.output import Form, Globals
from sync_worker.cli.plan import Author, Consent, author_options, plan_options
from sync_worker.domain.regions import Regions
from sync_worker.errors import Exit, UserError


@pytest.fixture
def given(sync_worker):
    """Run `outer inner` with options in any of three places; what the command was given."""
    found = []

    @click.group("outer", cls=options.Group)
    def outer():
        """A group."""

    @outer.command()
    @click.argument("rest", nargs=-1)
    @click.pass_context
    def inner(ctx, rest):
        """Take what is given."""
        found.append(options.globals_of(ctx))

    sync_worker.add(outer)

    def run(before, between, after):
        line = [*before.split(), "outer", *between.split(), "inner", *after.split()]
        assert sync_worker(*line).exit_code == 0
        return found[-1]

    return run


@pytest.mark.parametrize(
    ("before", "between", "after", "expected"),
    [
        ("", "", "", Globals()),
        ("-o json", "", "", Globals(Form.JSON)),
        ("", "-o json", "", Globals(Form.JSON)),
        ("", "", "-o json", Globals(Form.JSON)),
        ("", "", "-o=json", Globals(Form.JSON)),
        ("", "", "-ojson", Globals(Form.JSON)),
        ("", "", "--output=csv", Globals(Form.CSV)),
        ("-o json", "", "-o csv", Globals(Form.CSV)),
        ("-o json", "-o csv", "-o table", Globals(Form.TABLE)),
        ("-v", "", "", Globals(verbosity=1)),
        ("", "", "-q", Globals(verbosity=-1)),
        ("-q", "", "-v", Globals(verbosity=1)),
        ("-v", "", "-o json", Globals(Form.JSON, verbosity=1)),
        ("--no-color", "", "", Globals(color=False)),
        ("", "", "--debug", Globals(debug=True)),
        ("--debug", "--no-color", "-q", Globals(verbosity=-1, color=False, debug=True)),
        ("", "", "word -o json", Globals(Form.JSON)),
        ("", "", "-- -o json", Globals()),
    ],
)
def test_an_option_counts_wherever_it_stands_and_the_innermost_wins(
    given, before, between, after, expected
):
    assert given(before, between, after) == expected


def test_more_and_less_at_once_is_refused(sync_worker):
    done = sync_worker("config", "show", "-v", "-q")
    assert done.exit_code == 2
    assert "-q" in done.stderr


def test_csv_of_a_document_is_refused_before_anything_is_done(sync_worker):
    done_something = []

    @click.command("one", cls=options.Command, prints_document=True)
    def one():
        """Do something."""
        done_something.append(True)

    sync_worker.add(one)
    assert sync_worker("one", "-o", "csv").exit_code == 2
    assert not done_something
    assert sync_worker("one", "-o", "json").exit_code == 0
    assert done_something


@pytest.fixture
def shared(sync_worker):
    """Run a command that takes the shared options; what it was given."""
    found = {}

    @click.command("shared", cls=options.Command)
    @options.region_option("Regions.")
    @author_options
    @plan_options
    def shared(**values):
        """Take what is given."""
        found.update(values)

    sync_worker.add(shared)

    def run(*arguments):
        return sync_worker("shared", *arguments), found

    return run


def test_actor_and_reason_default_to_the_user_and_nothing(shared, monkeypatch):
    monkeypatch.setenv("LOGNAME", "kim")
    _, found = shared()
    assert found == {
        "regions": (),
        "author": Author(getpass.getuser(), None),
        "consent": Consent(dry_run=False, yes=False),
    }


def test_the_shared_options_are_taken(shared):
    line = "--region 01 --region 03 --actor kim --reason why --dry-run -y"
    _, found = shared(*line.split())
    assert found == {
        "regions": ("01", "03"),
        "author": Author("kim", "why"),
        "consent": Consent(dry_run=True, yes=True),
    }


def test_a_blank_actor_is_refused(shared):
    done, _ = shared("--actor", " ")
    assert done.exit_code == 2


@pytest.mark.parametrize("code", ["01", "25", "ZZ"])
def test_a_region_in_use_passes(code):
    lookup.require_region(Regions(("ZZ",)), "01", code)


@pytest.mark.parametrize("code", ["02", "1", "", "ZZ"])
def test_a_region_code_that_does_not_exist_is_not_found(code):
    with pytest.raises(UserError) as refused:
        lookup.require_region(Regions(), "01", code)
    assert refused.value.exit_code is Exit.NOT_FOUND

"""Options of every command, wherever they stand, and errors as they are told."""

import sqlite3

import pytest

from sync_worker import __version__
from sync_worker.cli import main
from sync_worker.cli.errors import as_command_error, as_json, as_text
from sync_worker.errors import Exit

SCHEMAS = ("schemas", "export")
AS_JSON = [("-o", "json"), ("-ojson",), ("-o=json",), ("--output", "json"), ("--output=json",)]
# Some of them fail before their arguments could be parsed.
FAILURES = [
    ("status",),
    ("status", "--nonsense"),
    ("clinics", "show"),
    ("clinics", "list", "--limit", "0"),
    ("clinics", "list", "--status", "happy"),
    ("nonsense",),
    ("clinics",),
    ("positions", "reset", "--to", "later"),
    ("deadletters", "show", "one"),
    ("status", "-v", "-q"),
]


@pytest.mark.parametrize("form", AS_JSON, ids=" ".join)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_form_is_taken_before_and_after_the_command(sync_worker, form, place):
    told = sync_worker(*SCHEMAS[:place], *form, *SCHEMAS[place:])
    assert told.exit_code == 0, told.stderr
    assert isinstance(told.json, dict)


def test_the_innermost_option_counts(sync_worker):
    told = sync_worker("-o", "csv", "config", "-o", "table", "show", "-o", "json")
    assert "items" in told.json


@pytest.mark.parametrize("failing", FAILURES, ids=" ".join)
@pytest.mark.parametrize("form", AS_JSON, ids=" ".join)
def test_an_error_is_one_json_object_also_where_parsing_failed(sync_worker, failing, form):
    for arguments in ([*form, *failing], [*failing, *form]):
        told = sync_worker(*arguments)
        assert (told.exit_code, told.stdout) == (2, "")
        assert set(told.error) == {"code", "message", "hint"}
        assert all(told.error.values())


@pytest.mark.parametrize("failing", FAILURES, ids=" ".join)
def test_an_error_for_people_says_what_and_gives_a_hint(sync_worker, failing):
    told = sync_worker(*failing)
    assert (told.exit_code, told.stdout) == (2, "")
    assert "error: " in told.stderr
    assert "\nhint: " in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [("clinics", "list", "-o", "xml"), ("-o", "xml", "status"), ("status", "-o")],
    ids=" ".join,
)
def test_a_form_that_there_is_not_is_refused(sync_worker, arguments):
    told = sync_worker(*arguments)
    assert told.exit_code == 2
    assert "error: " in told.stderr


def test_nothing_after_two_hyphens_is_an_option(sync_worker):
    told = sync_worker("clinics", "show", "--", "-ojson")
    assert told.stderr.startswith("error: ")


def test_the_version_is_shown(sync_worker):
    told = sync_worker("--version")
    assert (told.exit_code, told.stdout) == (0, f"sync-worker, version {__version__}\n")


@pytest.mark.parametrize(
    "debugged", [("--debug", "clinics", "list"), ("clinics", "list", "--debug")], ids=" ".join
)
def test_a_traceback_is_shown_with_debug_alone(sync_worker, database, debugged):
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE clinic")
    connection.close()
    plain, told = sync_worker("clinics", "list"), sync_worker(*debugged)
    assert plain.exit_code == told.exit_code == 1
    assert "Traceback" not in plain.stderr
    assert "Traceback" in told.stderr
    assert told.stderr.rstrip().splitlines()[-1].startswith("hint: ")


def test_an_error_that_nobody_foresaw_is_reported_without_its_text():
    told = as_command_error(ValueError("words of a resident"))
    assert told.exit_code is Exit.UNEXPECTED
    assert "ValueError" in as_text(told)
    assert "resident" not in as_text(told) + as_json(told)
    assert "--debug" in as_text(told)


def test_an_interrupt_ends_with_130(monkeypatch, sync_worker):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.root, "make_context", interrupted)
    assert sync_worker("status").exit_code == 130

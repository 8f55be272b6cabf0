"""The catalogue of log events: the source logs nothing else, and the run book explains each."""

import ast
import re
from pathlib import Path

import pytest

import sync_worker
from sync_worker.telemetry.log_events import LogEvent

SOURCE = Path(sync_worker.__file__).parent
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
LEVELS = {"debug", "info", "warning", "error"}


def events_logged():
    """What is given to a method of a log, with its place; text where it is no member."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(ast.Attribute(owner, level), [event, *_]) if level in LEVELS:
                    if ast.unparse(owner).rpartition(".")[2] in {"log", "_log"}:
                        yield f"{file.name}:{node.lineno}", event


def test_only_events_of_the_catalogue_are_logged():
    literals = [
        (place, event.value)
        for place, event in events_logged()
        if isinstance(event, ast.Constant) and event.value not in [*LogEvent]
    ]
    assert not literals, "add them to LogEvent"


def described():
    """The events in the tables of the run book's chapter on alarms."""
    text = OPERATIONS.read_text()
    chapter = text[text.index("\n## Alarms") :]
    first_cells = re.findall(r"^\| (`[^|]+`) \|", chapter, re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("event", [*LogEvent])
def test_each_event_is_explained_in_the_run_book(event):
    assert described().count(event.value) == 1


def test_the_run_book_explains_no_event_that_is_gone():
    assert not set(described()) - {*LogEvent, "event"}

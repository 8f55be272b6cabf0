"""`sync-worker schemas`: the JSON Schemas of the events."""

from __future__ import annotations

from pathlib import Path

import click

from sync_worker.cli import options
from sync_worker.cli.files import PathToWrite, refuse_registry
from sync_worker.cli.invocation import invocation, output_of
from sync_worker.events import json_schema
from sync_worker.files.atomic import PUBLIC, AtomicFile

COLUMNS = ("file", "title")


@click.group(cls=options.Group)
def command() -> None:
    """Export the JSON Schemas of the events.

    They are generated from the models that the worker validates events with, so they cannot differ.
    Each type has two: the whole event, and its data alone, as in binary mode.
    """


@command.command(
    changes=lambda given: given["folder"] is not None,
    epilog=options.examples(
        "sync-worker schemas export --out schemas",
        "sync-worker schemas export -o json | jq keys",
    ),
)
@click.option(
    "--out",
    "folder",
    metavar="DIRECTORY",
    type=PathToWrite(is_folder=True),
    help="Write a file for each schema here, and list them. Files of the same names are replaced.",
)
@click.pass_context
def export(ctx: click.Context, folder: Path | None) -> None:
    """Write the schemas to files, or all of them to stdout.

    Without --out, stdout gets one JSON object: each file's name with its schema. Needs neither a
    database nor Kafka.
    """
    output = output_of(ctx)
    exported = json_schema.schemas()
    if folder is None:
        output.document(exported, render=lambda shown: json_schema.as_text(shown).rstrip("\n"))
        return
    settings = invocation(ctx).settings
    for place in (folder, *(folder / name for name in exported)):
        refuse_registry(settings, place)
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in exported.items():
        with AtomicFile(folder / name, PUBLIC) as file:
            file.write(json_schema.as_text(schema).encode())
            file.put()
    titles = {str(folder / name): schema["title"] for name, schema in exported.items()}
    output.items([{"file": file, "title": title} for file, title in titles.items()], COLUMNS)

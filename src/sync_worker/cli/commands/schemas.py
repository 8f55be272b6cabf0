"""`sync-worker schemas`: the JSON Schemas of the events."""

from pathlib import Path

import click

from sync_worker.cli import options


@click.group(cls=options.Group)
def command() -> None:
    """Export the JSON Schemas of the events.

    They say what a schema can say; what needs the list of regions, the clock or two fields at once
    is judged by `events validate`.
    """


@command.command(
    epilog=options.examples(
        "sync-worker schemas export --out schemas", "sync-worker schemas export"
    )
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file each into this folder; without it: one JSON object on stdout.",
)
@click.pass_context
def export(ctx: click.Context, folder: Path | None) -> None:
    """Export a schema for each event, in structured and in binary mode."""
    from sync_worker.events.schema import as_text, schemas

    output = options.output(ctx)
    exported = schemas()
    if folder is None:
        output.document(exported, render=as_text)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in exported.items():
        (folder / name).write_text(as_text(schema), encoding="utf-8")
    output.items([{"file": str(folder / name)} for name in exported], ("file",))

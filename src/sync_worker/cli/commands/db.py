"""`sync-worker db`: the schema of the registry."""

import click

from sync_worker.cli import options


@click.group(cls=options.Group)
def command() -> None:
    """Bring the database's schema to this version, or show which one it has.

    The worker never changes the schema by itself: it ends with exit code 2 on a revision that is
    not its own.
    """


@command.command(prints_document=True, epilog=options.examples("sync-worker db upgrade"))
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema to the revision that this program works on.

    Makes the SQLite file where there is none. Running it again changes nothing; several at once
    upgrade once.
    """
    from sync_worker.registry import schema
    from sync_worker.registry.dialect import open_engine

    run = options.invocation(ctx)
    engine = open_engine(run.settings.database_url, create=True)
    before, after = schema.upgrade(engine)
    engine.dispose()
    run.output.document({"before": before, "revision": after}, render=_upgraded)


def _upgraded(done: dict[str, str | None]) -> str:
    if done["before"] == done["revision"]:
        return f"The schema was at revision {done['revision']} already."
    return f"The schema is now at revision {done['revision']} (before: {done['before'] or 'none'})."


@command.command(
    prints_document=True,
    epilog=options.examples("sync-worker db current", "sync-worker db current -o json"),
)
@click.pass_context
def current(ctx: click.Context) -> None:
    """Show the schema's revision, and the one that this program works on."""
    from sync_worker.registry import schema
    from sync_worker.registry.dialect import open_engine

    run = options.invocation(ctx)
    engine = open_engine(run.settings.database_url)
    with engine.connect() as connection:
        found = schema.current(connection)
    engine.dispose()
    if found != schema.HEAD:
        run.output.message("The schema is not at this program's revision: sync-worker db upgrade")
    run.output.document(
        {"revision": found, "needed": schema.HEAD},
        lambda document: f"revision {document['revision'] or 'none'}, needed {document['needed']}",
    )

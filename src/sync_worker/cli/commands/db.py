"""`sync-worker db`: the schema of the registry, and the roles that use it."""

from __future__ import annotations

from shlex import quote
from typing import Any

import click

from sync_worker.cli import messages as says
from sync_worker.cli import options
from sync_worker.cli.invocation import Invocation, end_with, pass_invocation
from sync_worker.errors import Exit
from sync_worker.inspection import checks_registry, doctor
from sync_worker.registry import dialect, schema
from sync_worker.registry import roles as registry_roles
from sync_worker.sequences import Tally

_OTHERS = 0o077
"""The rights of everybody but a file's owner."""


@click.group(cls=options.Group)
def command() -> None:
    """Upgrade the database's schema, show its revision, or create its roles.

    The worker itself never changes the schema: it ends with exit code 2 on a revision that it does
    not work on.
    """


@command.command(
    changes=options.always, prints_document=True, epilog=options.examples("sync-worker db upgrade")
)
@pass_invocation
def upgrade(run: Invocation) -> None:
    """Upgrade the schema to the revision that this program needs.

    Creates the SQLite file if there is none. Running it again changes nothing; if several run at
    once, the schema is upgraded once. Workers of the release before keep running: db current says
    so beforehand. Ends with 3 in a database whose encoding lacks characters:
    create another one, in UTF-8, while it is empty.
    """
    engine = dialect.open_engine(
        run.settings.database_url,
        create=True,
        limits=dialect.UPGRADE,
        application=run.application,
    )
    passed = Tally()
    with run.output.progress("upgrading", done=lambda: passed.done, unit=says.REVISIONS_DONE):
        before, after = schema.upgrade(engine, passed)
    with engine.connect() as connection:
        encoding = checks_registry.encoding_finding(dialect.encoding(connection))
    engine.dispose()
    run.output.document({"before": before, "revision": after}, render=_upgraded)
    if before not in {None, after}:
        run.output.message(_beside())
    if before != after and dialect.keeps_roles(run.settings.database_url):
        run.output.message("Give the roles what it needs: sync-worker db roles --apply")
    # An upgrade creates a private file, and leaves an existing one as it is.
    file = dialect.file_of(run.settings.database_url)
    if file is not None and file.stat().st_mode & _OTHERS:
        run.output.attention(f"{file} is not its owner's alone: chmod 600 {quote(str(file))}")
    if encoding.state is not doctor.State.OK:
        run.output.attention(f"{encoding.detail} Better: {encoding.fix}")
    if encoding.state is doctor.State.FAIL:
        end_with(Exit.ATTENTION)


def _upgraded(done: dict[str, str | None]) -> str:
    if done["before"] == done["revision"]:
        later = "" if done["revision"] == schema.HEAD else ", which a later program needs"
        return f"The schema was at revision {done['revision']} already{later}."
    return f"The schema is now at revision {done['revision']} (before: {done['before'] or 'none'})."


def _beside() -> str:
    """What becomes of those that run when the schema is brought to this program's revision."""
    return (
        f"Programs for revision {schema.COMPATIBLE_FROM} and later keep running at {schema.HEAD}; "
        f"earlier ones end with exit code {Exit.USAGE}."
    )


@command.command(
    prints_document=True,
    epilog=options.examples("sync-worker db current", "sync-worker db current -o json"),
)
@pass_invocation
def current(run: Invocation) -> None:
    """Show the schema's revision, and the one that this program needs.

    Also whether this program works on it as it is: on one of the next release it does, so that
    workers of both run side by side during an upgrade.
    """
    engine = dialect.open_engine(run.settings.database_url, application=run.application)
    with engine.connect() as connection:
        found = schema.current(connection)
        is_compatible = schema.is_compatible(connection)
    engine.dispose()
    if found is None or found < schema.HEAD:
        run.output.message("The schema is not at this program's revision: sync-worker db upgrade")
    elif found != schema.HEAD:
        does = "runs beside it" if is_compatible else "does not work on it"
        run.output.message(f"The schema is for a later program, and this one {does}.")
    if found is not None and found < schema.HEAD:
        run.output.message(_beside())
    run.output.document(
        {"revision": found, "needed": schema.HEAD, "compatible": is_compatible},
        lambda document: f"revision {document['revision'] or 'none'}, needed {document['needed']}",
    )


@command.command(
    changes=options.if_applied,
    prints_document=True,
    epilog=options.examples("sync-worker db roles", "sync-worker db roles --apply"),
)
@click.option("--apply", is_flag=True, help="Also run them, as the tables' owner.")
@pass_invocation
def roles(run: Invocation, apply: bool) -> None:
    """Print the statements that create the PostgreSQL roles, each with the rights it needs.

    complaints_worker is for run and the operators' commands, complaints_admin for administrators,
    complaints_support for patient boards and TAK, complaints_reader for readers of the view
    complaints_clinic. Nobody can log in as one: grant it to a user of your own, as in GRANT
    complaints_worker TO my_user.

    Run them after the first upgrade, and again after each: rights that a role, or everybody, should
    not have are revoked. They require a user that owns the tables and may create roles. Without
    --apply nothing is changed. On the schema of a later program, that one gives the rights.
    """
    registry_roles.require(run.settings.database_url)
    with (
        run.registry() as registry,
        registry.transaction() as transaction,
    ):
        schema.require_head(transaction.connection)
        statements = registry_roles.statements(transaction.connection)
        if apply:
            registry_roles.apply(transaction.connection, statements)
            transaction.commit()
    run.output.document({"statements": statements, "applied": apply}, render=_script)
    if apply:
        run.output.message("Applied. Now grant the roles to the users that log in.")


def _script(document: dict[str, Any]) -> str:
    """One transaction, so that nobody is without rights for a moment; ready for psql."""
    return "\n".join(f"{line};" for line in ("BEGIN", *document["statements"], "COMMIT"))

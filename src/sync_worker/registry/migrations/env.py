"""Alembic's entry point: runs migrations on the connection that `schema.upgrade` hands over."""

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, text

from sync_worker import __version__
from sync_worker.registry.dialect import look_in_own_schema

connection: Connection = context.config.attributes["connection"]

# The columns that the table had from the start: later programs fill it, too.
_RECORD = text(
    "INSERT INTO schema_history (revision, compatible_from, program_version)"
    " VALUES (:revision, :compatible_from, :program_version)"
)


def _applied(
    ctx: MigrationContext,  # noqa: ARG001 - Alembic names what it hands over
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Keep which programs run beside a migration; beside those before 0018 none does."""
    script: Any = step.up_revision
    migration = script.module
    if hasattr(migration, "compatible_from"):
        row = {"revision": migration.revision, "compatible_from": migration.compatible_from}
        connection.execute(_RECORD, row | {"program_version": __version__})
    context.config.attributes.get("passed", lambda: None)()


# What migrations make and name stands in our schema; elsewhere names of ours are qualified.
look_in_own_schema(connection)
context.configure(
    connection=connection,
    render_as_batch=True,
    # One transaction for all of it: an upgrade that fails half-way leaves the old schema.
    transaction_per_migration=False,
    on_version_apply=_applied,
)
context.run_migrations()

"""Alembic's entry point: runs migrations on the connection that `schema.upgrade` hands over."""

from alembic import context

from sync_worker.registry.dialect import look_in_own_schema

# What migrations make and name stands in our schema; elsewhere names of ours are qualified.
look_in_own_schema(context.config.attributes["connection"])
context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,
    # One transaction for all of it: an upgrade that fails half-way leaves the old schema.
    transaction_per_migration=False,
    on_version_apply=context.config.attributes.get("on_version_apply", ()),
)
context.run_migrations()

"""Alembic's entry point: runs migrations on the connection that `schema.upgrade` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,
    # One transaction for all of it: an upgrade that fails half-way leaves the old schema.
    transaction_per_migration=False,
)
context.run_migrations()

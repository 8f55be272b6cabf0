"""The history of the schema, applied by `sync-worker db upgrade` alone."""

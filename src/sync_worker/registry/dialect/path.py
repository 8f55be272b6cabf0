"""Where PostgreSQL looks names up for us: in its catalogue alone.

Whoever may add to the schema of the tables could make a function or an operator there that fits a
call of ours better than the catalogue's own, and have us run it. So that schema is not looked in:
each table is named with it. A user says which schema it is as ever: by `search_path`, in the URL
or for his role.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event, text

CATALOGUE_ALONE = "SET LOCAL search_path TO pg_catalog, pg_temp"

# Said before the path is pinned: so each name in it is qualified.
_SCHEMA_IN_USE = """
SELECT coalesce(
    (
        SELECT nspname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace
            ON pg_namespace.oid OPERATOR(pg_catalog.=) pg_class.relnamespace
        WHERE pg_class.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('clinic')::pg_catalog.oid
    ),
    pg_catalog.current_schema(),
    pg_catalog.current_setting('search_path')::pg_catalog.name
)::pg_catalog.text
"""
"""Where the tables are, or would be made; a schema that is not there, as it was asked for."""
_SCHEMA = "sync_worker_schema"


def qualify_in(engine: Engine) -> None:
    """Have the tables of each connection named with the schema that its user looks in."""
    event.listen(engine, "connect", _find_schema)
    event.listen(engine, "engine_connect", _qualify)


def _find_schema(connection: Any, record: Any) -> None:
    record.info[_SCHEMA] = connection.execute(_SCHEMA_IN_USE).fetchone()[0]


def _qualify(connection: Connection) -> None:
    connection.execution_options(schema_translate_map={None: schema_in_use(connection)})


def schema_in_use(connection: Connection) -> str:
    """The PostgreSQL schema that has our tables, or will have them."""
    return str(connection.info[_SCHEMA])


def qualified(connection: Connection, name: str) -> str:
    """The name of something in that schema, as the server reads names."""
    return ".".join(
        '"' + part.replace('"', '""') + '"' for part in (schema_in_use(connection), name)
    )


def has_table(connection: Connection, name: str) -> bool:
    """Whether there is a table of ours with this name."""
    if connection.dialect.name == "postgresql":
        asked = {"name": qualified(connection, name)}
        return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), asked))
    return connection.dialect.has_table(connection, name)


def look_in_own_schema(connection: Connection) -> None:
    """Let this transaction look in our schema too, as migrations do; after the catalogue."""
    if connection.dialect.name == "postgresql":
        schema = qualified(connection, "").removesuffix('.""')
        connection.execute(
            text("SELECT set_config('search_path', :path, true)"), {"path": f"{schema}, pg_temp"}
        )

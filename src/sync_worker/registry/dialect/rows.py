"""Statements over many rows at once, each one statement however many they are; and their values.

A PostgreSQL database that is not in UTF-8 refuses a statement that holds a character which it
lacks, in a condition as well as in a row.
"""

import codecs
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from sync_worker.registry.dialect.session import qualified
from sync_worker.sequences import batched

Columns = Mapping[str, Sequence[Any]]

_LARGE_ROWS_AT_A_TIME = 100
_ANY_CHARACTER = {"UTF8", "SQL_ASCII"}
"""PostgreSQL's names of encodings that lack no character."""
_NULL = "\0"
"""Stands for no value until the end: PostgreSQL has no text that holds it."""


def _elements(connection: Connection, values: Sequence[str]) -> FromClause:
    """The values as a table of one column, `value`: one parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        array = _array(values, postgresql.ARRAY(Text()))
        return func.unnest(array).table_valued("value").render_derived()
    return func.json_each(json.dumps(list(values))).table_valued("value")


def among(
    connection: Connection, column: ColumnElement[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """`column` is one of `values`, however many they are."""
    # Those that cannot be stored need not be looked for, and would be refused in a condition too.
    if _codec_of(connection) is not None:
        values = [value for value in values if storable(connection, value) == value]
    return column.in_(select(_elements(connection, values).c.value))


def insert_missing_keys(connection: Connection, key: Column[str], values: Sequence[str]) -> None:
    """Insert a row with the key alone for each of the sorted values that has none."""
    elements = _elements(connection, values)
    missing = (
        select(elements.c.value)
        .where(~exists().where(key == elements.c.value))
        .order_by(elements.c.value)
    )
    insert = _insert(connection, key.table).from_select([key.name], missing)
    connection.execute(insert.on_conflict_do_nothing())


def next_numbers(connection: Connection, key: Column[int], count: int) -> list[int]:
    """So many unused numbers for a key that the database counts up, each greater than the last.

    They are greater than those of every transaction that has ended. On PostgreSQL what is not used
    leaves a gap; on SQLite they are free again until they are used, as nobody else writes.
    """
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        sequence = qualified(connection, f"{key.table.name}_{key.name}_seq")
        some = func.generate_series(1, count).table_valued("number")
        return sorted(connection.scalars(select(func.nextval(sequence)).select_from(some)))
    last = connection.scalar(select(func.max(key))) or 0
    return list(range(last + 1, last + 1 + count))


def insert_new(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    key: Sequence[str] = (),
) -> None:
    """Insert the rows whose key is not there yet; leave the others as they are.

    Without a `key` it is the primary key. A clash of any other key is an error: nothing is left out
    without a word. The rows may be large, so few are sent at a time.
    """
    unique = list(key) or [column.name for column in table.primary_key]
    statement = _insert(connection, table).on_conflict_do_nothing(index_elements=unique)
    for batch in batched(rows, _LARGE_ROWS_AT_A_TIME):
        _insert_rows(connection, statement, table, names, batch)


def insert_one(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row; False where its key is there already, which waits for whoever is writing it."""
    statement = _insert(connection, table).on_conflict_do_nothing().values(row)
    counting = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counting).rowcount > 0


def insert_all(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert the rows in this order; `names` are of the columns that they hold."""
    if rows:
        _insert_rows(connection, table.insert(), table, names, rows)


def _insert_rows(
    connection: Connection,
    insert: Insert,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    if connection.dialect.name == "postgresql":
        # Not row by row: the driver would send them as a pipeline, and a process that is frozen in
        # the middle of one counts as active, so that the server does not end its transaction.
        columns = _columns(names, rows)
        connection.execute(insert.from_select(list(columns), _selected(table, columns)))
    else:
        connection.execute(insert, [dict(zip(names, row, strict=True)) for row in rows])


def _selected(table: Table, columns: Columns) -> Select[Any]:
    """The rows as a query; a value that is the same in all of them is sent once."""
    varying = {name: values for name, values in columns.items() if not _is_same(values)}
    new = _as_table(table, varying or columns)
    return select(
        *(
            new.c[name] if name in new.c else _value(table, name, values[0])
            for name, values in columns.items()
        )
    )


def update_by_key(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    **same: Any,
) -> None:
    """Set columns of rows, each found by the table's primary key; no key comes twice.

    `names` are of the columns that the rows hold, the key's among them; `same` is for all of them.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in names if name not in keys]
    if connection.dialect.name == "postgresql":
        values = _as_table(table, _columns(names, rows))
        statement = table.update().where(*(table.c[key] == values.c[key] for key in keys))
        connection.execute(statement.values({name: values.c[name] for name in others} | same))
        return
    bound = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    statement = table.update().where(*(table.c[key] == bound[key] for key in keys))
    statement = statement.values({name: bound[name] for name in others} | same)
    to_names = [f"to_{name}" for name in names]
    connection.execute(statement, [dict(zip(to_names, row, strict=True)) for row in rows])


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _is_same(values: Sequence[Any]) -> bool:
    """Whether all rows have the same value, which is then sent once."""
    # The last one first: to look at all of a long column costs as much as to write it.
    return values[-1] == values[0] and values.count(values[0]) == len(values)


def _as_table(table: Table, columns: Columns) -> FromClause:
    """The rows as one array a column: one statement and one plan, however many they are."""
    types = {name: table.c[name].type for name in columns}
    arrays = [_array(values, postgresql.ARRAY(types[name])) for name, values in columns.items()]
    typed = [column(name, type_) for name, type_ in types.items()]
    return func.unnest(*arrays).table_valued(*typed).render_derived(name="new")


def _value(table: Table, name: str, value: Any) -> ColumnElement[Any]:
    return cast(bindparam(None, value, type_=table.c[name].type), table.c[name].type)


def _array(values: Sequence[Any], type_: postgresql.ARRAY[Any]) -> ColumnElement[Any]:
    return cast(bindparam(None, array_literal(values), type_=Text()), type_)


def _insert(connection: Connection, table: Any) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def storable(connection: Connection, words: str) -> str:
    """The words as this database can keep them; a character that it lacks becomes an escape.

    A record may be dead-lettered because of such a character: what is stored about it must not be
    refused as well.
    """
    if words.isascii() or (codec := _codec_of(connection)) is None:
        return words
    return words.encode(codec, "backslashreplace").decode(codec)


def escaped(words: str) -> str:
    """The words in ASCII, which every encoding has."""
    return words.encode("ascii", "backslashreplace").decode()


def _codec_of(connection: Connection) -> str | None:
    """Python's name of the database's encoding; None where it lacks no character."""
    if connection.dialect.name != "postgresql":
        return None
    driver = connection.connection.dbapi_connection
    name = driver.info.parameter_status("server_encoding")  # type: ignore[union-attr]
    return None if name in _ANY_CHARACTER else _codec(name)


@cache
def _codec(name: str) -> str:
    for spelling in (name, name.replace("WIN", "cp")):
        try:
            return codecs.lookup(spelling).name
        except LookupError:
            continue
    return "ascii"  # which all of PostgreSQL's encodings have


def array_literal(values: Sequence[Any]) -> str:
    """The values, all of one type or None, as the text of an array.

    A whole column is one parameter, however long: the driver takes ten times as long for a list of
    Python's values. The form is that of PostgreSQL's documentation, "Array Value Input".
    """
    if not values:
        return "{}"
    texts = values
    try:
        joined = '","'.join(texts)  # most columns are texts without a NULL
    except TypeError:
        texts = _texts(values)
        joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{joined}"}}'.replace(f'"{_NULL}"', "NULL")


def _texts(values: Sequence[Any]) -> list[str]:
    first = next((value for value in values if value is not None), "")
    if isinstance(first, str):
        return [_NULL if value is None else value for value in values]
    if isinstance(first, bytes):
        return [_NULL if value is None else f"\\x{value.hex()}" for value in values]
    if isinstance(first, datetime):
        return [_NULL if value is None else value.isoformat() for value in values]
    return [_NULL if value is None else str(value) for value in values]

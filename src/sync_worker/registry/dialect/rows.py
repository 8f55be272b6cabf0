"""Statements over many rows at once, each one statement however many they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Delete, Insert, Table, Update, func, select
from sqlalchemy.dialects import postgresql, sqlite

from sync_worker.registry.dialect.lists import array_literal, as_list
from sync_worker.registry.dialect.prepared import FEW, execute_often
from sync_worker.registry.dialect.session import qualified
from sync_worker.registry.dialect.statements import (
    KEYS,
    insert_of_arrays,
    insert_of_keys,
    insert_of_row,
    to,
    together,
    update_by_arrays,
    update_of_row,
)
from sync_worker.sequences import batched

Columns = dict[str, Sequence[Any]]

_ROWS_AT_A_TIME = 5_000
"""As parameters they take some MB more, and the driver and libpq a copy each."""
_LARGE_ROWS_AT_A_TIME = 100


def insert_missing_keys(connection: Connection, key: Column[str], values: Sequence[str]) -> None:
    """Insert a row with the key alone for each of the sorted values that has none."""
    is_postgresql = connection.dialect.name == "postgresql"
    statement = insert_of_keys(key, is_postgresql=is_postgresql)
    listed = {KEYS: as_list(connection, values)}
    execute_often(connection, statement, listed, of_few=len(values) <= FEW)


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
    unique = tuple(key) or tuple(column.name for column in table.primary_key)
    for batch in batched(rows, _LARGE_ROWS_AT_A_TIME):
        write_together(connection, inserting(connection, table, names, batch, unique))


def insert_one(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row; False where its key is there already, which waits for whoever is writing it."""
    statement = _insert(connection, table).on_conflict_do_nothing().values(row)
    counting = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counting).rowcount > 0


def insert_all(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert the rows in this order; `names` are of the columns that they hold."""
    write_together(connection, inserting(connection, table, names, rows))


def update_by_key(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    **same: Any,
) -> None:
    """Set columns of rows, each found by the table's primary key; no key comes twice.

    `names` are of the columns that the rows hold, the key's among them; `same` is for all of them.
    """
    write_together(connection, updating(connection, table, names, rows, **same))


class Write(NamedTuple):
    """A statement over rows, and its parameters."""

    statement: Insert | Update | Delete
    parameters: Any
    of_few: bool = False
    """Whether it is of so few rows that it pays to have it prepared."""


def write_together(connection: Connection, writes: Sequence[Write]) -> None:
    """Execute the writes, which are of different tables: on PostgreSQL as one statement."""
    if len(writes) > 1 and connection.dialect.name == "postgresql":
        statement = together(*(write.statement for write in writes))
        parameters = reduce(or_, (write.parameters for write in writes))
        writes = [Write(statement, parameters, all(write.of_few for write in writes))]
    for statement, parameters, of_few in writes:
        execute_often(connection, statement, parameters, of_few=of_few)


def inserting(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    unique: tuple[str, ...] = (),
    *,
    replace: bool = False,
) -> list[Write]:
    """As `insert_all`, once it is written; with `unique` as `insert_new`. Nothing for no rows.

    With `replace` a row takes the place of one that has the same `unique` key. Of very many rows
    all but the last ones are written at once.
    """
    replaced = tuple(name for name in names if name not in unique) if replace else ()
    insert = partial(_insert_some, connection, table, names, unique=unique, replaced=replaced)
    return _all_but_last(connection, rows, insert)


def _insert_some(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: list[Sequence[Any]],
    unique: tuple[str, ...],
    replaced: tuple[str, ...],
) -> Write:
    if connection.dialect.name != "postgresql":
        each = [dict(zip(names, row, strict=True)) for row in rows]
        return Write(insert_of_row(table, unique, replaced), each)
    # Not row by row: the driver would send them as a pipeline, and a process that is frozen in
    # the middle of one counts as active, so that the server does not end its transaction.
    columns = _columns(names, rows)
    varying = {name: values for name, values in columns.items() if not _is_same(values)}
    if len(rows) > 1 and not varying:
        varying = columns
    statement = insert_of_arrays(table, unique, replaced, tuple(names), tuple(varying))
    parameters = {
        to(table, name): array_literal(values) if name in varying else values[0]
        for name, values in columns.items()
    }
    return Write(statement, parameters, of_few=len(rows) == 1)


def replacing(
    connection: Connection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> list[Write]:
    """What sets rows as these, new or not, once it is written; no primary key comes twice."""
    unique = tuple(column.name for column in table.primary_key)
    return inserting(connection, table, names, rows, unique, replace=True)


def updating(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    **same: Any,
) -> list[Write]:
    """As `update_by_key`, once it is written. Nothing for no rows.

    Of very many rows all but the last ones are written at once.
    """
    update = partial(_update_some, connection, table, names, same=same)
    return _all_but_last(connection, rows, update)


def _update_some(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: list[Sequence[Any]],
    same: Mapping[str, Any],
) -> Write:
    for_all = {to(table, name): value for name, value in same.items()}
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        statement = update_by_arrays(table, tuple(names), tuple(same))
        columns = _columns(names, rows)
        arrays = {to(table, name): array_literal(values) for name, values in columns.items()}
        return Write(statement, arrays | for_all)
    # A single one without arrays: to make them, and to take them apart, costs more than the rest.
    statement = update_of_row(table, tuple(names), tuple(same))
    to_names = [to(table, name) for name in names]
    each = [dict(zip(to_names, row, strict=True)) | for_all for row in rows]
    return Write(statement, each if len(each) > 1 else each[0], of_few=len(each) == 1)


def _all_but_last(
    connection: Connection,
    rows: Iterable[Sequence[Any]],
    write: Callable[[list[Sequence[Any]]], Write],
) -> list[Write]:
    """Write the rows so many at a time, but for the last ones; what writes those."""
    waiting: list[Write] = []
    for some in batched(rows, _ROWS_AT_A_TIME):
        write_together(connection, waiting)
        waiting = [write(some)]
    return waiting


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _is_same(values: Sequence[Any]) -> bool:
    """Whether all rows have the same value, which is then sent once."""
    # The last one first: to look at all of a long column costs as much as to write it.
    return values[-1] == values[0] and values.count(values[0]) == len(values)


def _insert(connection: Connection, table: Any) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)

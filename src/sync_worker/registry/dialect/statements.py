"""The statements that write rows, built once for each table and its columns.

To build one, and to find out that it is the same as before, takes longer than to execute it with
one row. Their parameters are rows, or columns as one array each.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    FromClause,
    Insert,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    column,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from sync_worker.registry.dialect.types import ListText

KEYS = "keys"
"""The parameter of `insert_of_keys`."""
_built_once = lru_cache(maxsize=500)  # more than there are


@_built_once
def insert_of_keys(key: Column[str], *, is_postgresql: bool) -> Insert:
    """Of keys that are one list, those that have no row."""
    parameter = bindparam(KEYS, type_=ListText())
    if is_postgresql:
        array = cast(parameter, postgresql.ARRAY(Text()))
        elements = func.unnest(array).table_valued("value").render_derived()
    else:
        elements = func.json_each(parameter).table_valued("value")
    value = elements.c.value
    missing = select(value).where(~exists().where(key == value)).order_by(value)
    insert = postgresql.insert if is_postgresql else sqlite.insert
    return insert(key.table).from_select([key.name], missing).on_conflict_do_nothing()


@_built_once
def insert_of_row(table: Table, unique: tuple[str, ...], replaced: tuple[str, ...]) -> Insert:
    """Of one row after the other; `unique` and `replaced` as below."""
    return _unless_there(sqlite.insert(table), unique, replaced)


@_built_once
def insert_of_arrays(
    table: Table,
    unique: tuple[str, ...],
    replaced: tuple[str, ...],
    names: tuple[str, ...],
    varying: tuple[str, ...],
) -> Insert:
    """Of rows as a query; a value that is not `varying` is the same in all, and sent once.

    Without any that is, it is one row. A row whose `unique` key is there already is left out, or
    has only what is to be `replaced` written into that one.
    """
    new = _as_table(table, varying)
    rows = select(*(new.c[name] if name in varying else _value(table, name) for name in names))
    return _unless_there(postgresql.insert(table).from_select(list(names), rows), unique, replaced)


@_built_once
def update_of_row(table: Table, names: tuple[str, ...], same: tuple[str, ...]) -> Update:
    """Of one row after the other; what is the `same` in all comes with each."""
    bound = {name: bindparam(to(table, name), type_=table.c[name].type) for name in (*names, *same)}
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in bound.items() if name not in keys}
    return table.update().where(*(table.c[key] == bound[key] for key in keys)).values(others)


@_built_once
def update_by_arrays(table: Table, names: tuple[str, ...], same: tuple[str, ...]) -> Update:
    """Of rows as a table; what is the `same` in all is sent once."""
    new = _as_table(table, names)
    keys = [column.name for column in table.primary_key]
    values: dict[str, Any] = {name: new.c[name] for name in names if name not in keys}
    values |= {name: _value(table, name) for name in same}
    return table.update().where(*(table.c[key] == new.c[key] for key in keys)).values(values)


@_built_once
def together(*statements: Insert | Update | Delete) -> Insert | Update | Delete:
    """All of them as one statement, which PostgreSQL alone can do."""
    *others, last = statements
    return last.add_cte(*(other.cte(f"write_{n}") for n, other in enumerate(others)))


def to(table: Table, name: str) -> str:
    """The parameter for a column; no table's is named as another's, or as the column itself."""
    return f"to_{table.name}_{name}"


def _unless_there(
    insert: postgresql.Insert | sqlite.Insert, unique: tuple[str, ...], replaced: tuple[str, ...]
) -> Insert:
    if replaced:
        values = {name: insert.excluded[name] for name in replaced}
        return insert.on_conflict_do_update(index_elements=unique, set_=values)
    return insert.on_conflict_do_nothing(index_elements=unique) if unique else insert


def _as_table(table: Table, names: Sequence[str]) -> FromClause:
    """The rows as one array a column: one statement and one plan, however many they are."""
    types = {name: table.c[name].type for name in names}
    arrays = [_array(to(table, name), postgresql.ARRAY(types[name])) for name in names]
    typed = [column(name, type_) for name, type_ in types.items()]
    return func.unnest(*arrays).table_valued(*typed).render_derived(name="new")


def _value(table: Table, name: str) -> ColumnElement[Any]:
    type_ = table.c[name].type
    return cast(bindparam(to(table, name), type_=type_), type_)


def _array(parameter: str, type_: postgresql.ARRAY[Any]) -> ColumnElement[Any]:
    return cast(bindparam(parameter, type_=ListText()), type_)

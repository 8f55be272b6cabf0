"""Many values as one parameter, and texts that a database can keep.

A PostgreSQL database that is not in UTF-8 refuses a statement that holds a character which it
lacks, in a condition as well as in a row.
"""

import codecs
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeVar

from sqlalchemy import Boolean, ColumnElement, Connection, bindparam, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from sync_worker.registry.dialect.types import ListText

_Value = TypeVar("_Value")

_ANY_CHARACTER = {"UTF8", "SQL_ASCII"}
"""PostgreSQL's names of encodings that lack no character."""
_NULL = "\0"
"""Stands for no value until the end: PostgreSQL has no text that holds it."""


class _Among(FunctionElement[bool]):
    """A column is one of the elements of a list, which is one parameter."""

    name = "among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Self:  # noqa: ARG002 - SQLAlchemy's
        """As it is. For SQLite `= 1` would be written behind it, and no index would be used."""
        return self


@compiles(_Among, "postgresql")
def _among_array(condition: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, parameter = (compiler.process(clause, **how) for clause in condition.clauses)
    elements = f"unnest(CAST({parameter} AS TEXT[])) AS one(value)"
    return f"{column} IN (SELECT value FROM {elements})"  # noqa: S608 - of clauses that are compiled


@compiles(_Among, "sqlite")
def _among_json(condition: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, parameter = (compiler.process(clause, **how) for clause in condition.clauses)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 - as above


def among_listed(column: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """`column` is one of those that the parameter lists; `listed` says how."""
    return _Among(column, bindparam(parameter, type_=ListText()))


def listed(connection: Connection, values: Sequence[str]) -> str:
    """The values as a parameter of `among_listed`, however many they are."""
    # Those that cannot be stored need not be looked for, and would be refused in a condition too.
    if _codec_of(connection) is not None:
        values = [value for value in values if storable(connection, value) == value]
    return as_list(connection, values)


def among(
    connection: Connection, column: ColumnElement[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """`column` is one of `values`, however many they are."""
    return _Among(column, bindparam(None, listed(connection, values), type_=ListText()))


_MAX_OPERANDS = 500
"""SQLite refuses an expression that is more than 1 000 levels deep, and each `OR` is one."""


def any_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """One of the conditions is true, however many they are."""
    if len(conditions) <= _MAX_OPERANDS:
        return or_(*conditions)
    middle = len(conditions) // 2
    halves = (Grouping(any_of(half)) for half in (conditions[:middle], conditions[middle:]))
    # With a type of their own: SQLAlchemy would make one long `OR` of them.
    return or_(*(type_coerce(half, Boolean()) for half in halves))


def padded(values: Collection[_Value]) -> list[_Value]:
    """The values, the last of them repeated up to `padded_length`."""
    listed = list(values)
    return listed + listed[-1:] * (padded_length(listed) - len(listed))


def padded_length(values: Collection[Any]) -> int:
    """Their number, rounded up to a power of two.

    A statement that has parameters for each value is then built and kept for few numbers of them.
    """
    return 1 << (len(values) - 1).bit_length() if values else 0


def as_list(connection: Connection, values: Sequence[str]) -> str:
    """The values as the parameter of a statement that takes them apart."""
    if connection.dialect.name == "postgresql":
        return array_literal(values)
    return json.dumps(list(values))


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

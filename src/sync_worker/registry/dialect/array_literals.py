"""Values as PostgreSQL writes an array: one parameter for a whole column, however long.

The driver takes ten times as long for a list of Python's values. The form is that of PostgreSQL's
documentation, "Array Value Input".
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

_NULL = "\0"
"""Stands for no value until the end: PostgreSQL has no text that holds it."""


def array_literal(values: Sequence[Any]) -> str:
    """The values, all of one type or None, as the text of an array."""
    if not values:
        return "{}"
    texts = _texts(values)
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') != 2 * (len(texts) - 1):
        joined = '","'.join(map(_escaped, texts))
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


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

"""Reads Inera's claim "authorization scope": which attributes somebody has, in which units.

Documents of Inera's spell its names in several ways, and show it both as JSON and as a string with
JSON in it (wiki, changes 3020999 to 3021445, and 3020792 from version 14 to 16). Every form is
read; what cannot be read is left out, so that it gives nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_NOT_OF_A_NAME = re.compile(r"[^a-z0-9]+")
_ATTRIBUTES = ("attribute", "attributes")
_SCOPES = ("organizationalscope", "organizationalscopes")
_UNITS = ("unit", "units")
_IDS = ("orgid",)
_BELOW = ("includeunitsbelow",)


class UnitScope(NamedTuple):
    """An attribute that somebody has in a unit, and whether also in the units below it."""

    attribute: str
    unit: str
    """An HSA-id in capital letters."""
    includes_below: bool


def read(claims: Mapping[str, object], name: str) -> Iterator[UnitScope]:
    """The scopes of a claim, in whatever way its name is spelled."""
    wanted = _plain(name)
    for spelled, value in claims.items():
        if _plain(spelled) == wanted:
            for item in _objects(value):
                yield from _scopes(item)


def unit_id(text: str) -> str:
    """An HSA-id as it is compared."""
    return text.strip().upper()


def _scopes(item: Mapping[str, object]) -> Iterator[UnitScope]:
    attributes = [text.strip() for value in _given(item, _ATTRIBUTES) for text in _texts(value)]
    for value in _given(item, _SCOPES):
        for scope in _objects(value):
            for unit, includes_below in _units(scope):
                yield from (UnitScope(name, unit, includes_below) for name in attributes if name)


def _units(scope: Mapping[str, object]) -> Iterator[tuple[str, bool]]:
    """The ids of units; whether those below are included stands in the unit or beside it."""
    units = [unit for value in _given(scope, _UNITS) for unit in _objects(value)]
    beside = [] if len(units) > 1 else list(_given(scope, _BELOW))
    for unit in units:
        said = list(_given(unit, _BELOW)) or beside
        includes_below = bool(said) and all(value in (True, "true", "True") for value in said)
        for value in _given(unit, _IDS):
            yield from ((unit_id(text), includes_below) for text in _texts(value) if text.strip())


def _given(item: Mapping[str, object], names: tuple[str, ...]) -> Iterator[object]:
    return (value for name, value in item.items() if _plain(name) in names)


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    """The objects of a list, or the only one; either may be written as a string."""
    listed = _parsed(value)
    for item in listed if isinstance(listed, list) else [listed]:
        parsed = _parsed(item)
        if isinstance(parsed, Mapping):
            yield parsed


def _texts(value: object) -> Iterator[str]:
    return (
        text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
    )


def _parsed(value: object) -> object:
    """What a string has in it as JSON; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None


def _plain(name: str) -> str:
    return _NOT_OF_A_NAME.sub("", name.lower())

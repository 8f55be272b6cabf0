"""Values as text for people: instants and cells. Pure; knows no stream."""

import json
from datetime import UTC, datetime

from sync_worker.printable import printable_json, printable_line


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in Z, with decimals only where they are not zero."""
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return f"{text.rstrip('0') if '.' in text else text}Z"


def cell(value: object) -> str:
    """A value on one line, harmless on a terminal; nothing where it is None."""
    match value:
        case str():
            text = str(value)
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value)
        case dict() | list() | tuple():
            text = compact_json(value)
        case _:
            text = str(value)
    return printable_line(text)


def jsonable(value: object) -> str:
    """What JSON writes for a value that it has no form for."""
    return instant(value) if isinstance(value, datetime) else str(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False, default=jsonable).encode


def compact_json(value: object) -> str:
    """A value as JSON on one line, safe to show."""
    return printable_json(_ENCODE(value))

"""What is read of a large value, and no more: JSON of 15 MiB can take half a gigabyte as objects.

Whether all of it is JSON is looked at, as the codec's own decoder would, without making objects of
it. Lone surrogates, which that one lets pass in what is not read, are no JSON here.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec

_READ = (
    *("specversion", "id", "source", "type", "subject", "time", "sequence", "data"),
    *("hsaId", "regionCode", "name"),
)
"""The members that are read, of an event and of its data."""
_DEEPEST = 1
"""Members of members are read; what is within those is none of our business."""
_SPACE = b" \t\r\n"

_Members = msgspec.defstruct("_Members", [(name, msgspec.Raw, msgspec.Raw()) for name in _READ])
_members = msgspec.json.Decoder(_Members).decode
_require_json = msgspec.json.Decoder(msgspec.Raw).decode


def outline(value: bytes, decoded: Callable[[str], Any] = json.loads) -> Any:
    """The value with the members that are read; lists, and what lies deeper, are empty in it.

    `decoded` reads texts and numbers. Raises ValueError or RecursionError where it is not JSON.
    """
    _require_json(value)
    return _outlined(value.strip(_SPACE), decoded, 0)


def _outlined(content: bytes, decoded: Callable[[str], Any], depth: int) -> Any:
    match content[:1]:
        case b"[":
            return []
        case b"{" if depth > _DEEPEST:
            return {}
        case b"{":
            members = _members(content)
            found = {name: bytes(getattr(members, name)) for name in _READ}
            return {
                name: _outlined(part, decoded, depth + 1) for name, part in found.items() if part
            }
        case _:
            return decoded(content.decode("utf-8"))

"""The JSON Schemas (draft 2020-12) of the events, exported from the models: they have one author.

For each event type there are two: the whole event, as structured mode has it, and its data alone,
which is a record's value in binary mode.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from sync_worker.events.models import MODELS

_URN = "urn:sync-worker:schema"


def schemas() -> dict[str, dict[str, object]]:
    """File name → schema, in the order of the types."""
    return dict(_schemas())


def as_text(schema: dict[str, object]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def _schemas() -> Iterator[tuple[str, dict[str, object]]]:
    for event_type, (model, data) in MODELS.items():
        yield f"{event_type}.schema.json", _exported(model, event_type)
        yield f"{event_type}.data.schema.json", _exported(data, f"{event_type}.data")


def _exported(model: type[BaseModel], name: str) -> dict[str, object]:
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{_URN}:{name}", "title": name}
    return {**head, **_portable_members(model.model_json_schema())}


def _portable_members(schema: dict[str, Any]) -> dict[str, object]:
    """The members of a schema, but for titles that only repeat a field's or a model's name."""
    kept = {key: part for key, part in schema.items() if not _is_title(key, part)}
    return {key: _portable(key, part) for key, part in kept.items()}


def _is_title(key: str, part: object) -> bool:
    return key == "title" and isinstance(part, str)


def _portable(key: str, part: object) -> object:
    """The part of a schema, with patterns that mean the same to whichever library reads them."""
    if isinstance(part, dict):
        return _portable_members(part)
    if isinstance(part, list):
        return [_portable(key, inner) for inner in part]
    return _portable_pattern(part) if key == "pattern" and isinstance(part, str) else part


def _portable_pattern(pattern: str) -> str:
    """The models refuse lone surrogates without being told, and their `$` is the very end."""
    return pattern.replace(r"\u0000]", r"\u0000\ud800-\udfff]").removesuffix("$") + r"(?!\n)$"

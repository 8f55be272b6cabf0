"""The JSON Schemas (draft 2020-12) of the events, generated from the models.

Each event type has two: one of the whole event, which is the value of a record in structured mode,
and one of its data, which is the value in binary mode.
"""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from sync_worker.events.models import MODELS

_URN = "urn:sync-worker:schema"


def schemas() -> dict[str, dict[str, object]]:
    """File name → schema, in the order of the types."""
    exported = {}
    for event_type, (model, data) in MODELS.items():
        exported[f"{event_type}.schema.json"] = _export(model, event_type)
        exported[f"{event_type}.data.schema.json"] = _export(data, f"{event_type}.data")
    return exported


def as_text(schema: dict[str, object]) -> str:
    """The content of the schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def _export(model: type[BaseModel], name: str) -> dict[str, object]:
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{_URN}:{name}", "title": name}
    return {**head, **_portable_members(model.model_json_schema())}


def _portable_members(schema: dict[str, Any]) -> dict[str, object]:
    """The members of a schema, without titles, which only repeat names of fields and models."""
    return {
        key: _portable(key, part)
        for key, part in schema.items()
        if key != "title" or not isinstance(part, str)  # a field may be called title
    }


def _portable(key: str, part: object) -> object:
    """A part of a schema, with patterns that every validator understands alike."""
    if isinstance(part, dict):
        return _portable_members(part)
    if isinstance(part, list):
        return [_portable(key, inner) for inner in part]
    if key == "pattern" and isinstance(part, str):
        # Unlike the models, validators may accept lone surrogates, and a newline before `$`.
        without_surrogates = part.replace(r"\u0000]", r"\u0000\ud800-\udfff]")
        return without_surrogates.removesuffix("$") + r"(?!\n)$"
    return part

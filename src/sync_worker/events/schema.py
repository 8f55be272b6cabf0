"""The JSON Schemas (draft 2020-12) of the events, exported from the models: they have one author.

For each event type there are two: the whole event, as structured mode has it, and its data alone,
which is a record's value in binary mode.
"""

import json
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

from sync_worker.events.models import MODELS

_URN = "urn:sync-worker:schema"


def schemas() -> dict[str, dict[str, object]]:
    """File name → schema, in the order of the types."""
    return dict(_schemas())


def as_text(schema: dict[str, object]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


def _schemas() -> Iterator[tuple[str, dict[str, object]]]:
    for event_type, model in MODELS.items():
        data = model.model_fields["data"].annotation
        if data is None:
            raise TypeError(f"{event_type} has no data")
        yield f"{event_type}.schema.json", _exported(model, event_type)
        yield f"{event_type}.data.schema.json", _exported(data, f"{event_type}.data")


def _exported(model: type[BaseModel], name: str) -> dict[str, object]:
    schema = model.model_json_schema(schema_generator=_Generator)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{_URN}:{name}", "title": name}
    return {**head, **{key: _portable(key, part) for key, part in schema.items() if key != "title"}}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | JsonSchemaValue) -> bool:  # type: ignore[override]
        return False


def _portable(key: str, part: object) -> object:
    """The part of a schema, with patterns that mean the same to whichever library reads them."""
    if isinstance(part, dict):
        return {name: _portable(name, inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_portable(key, inner) for inner in part]
    return _portable_pattern(part) if key == "pattern" and isinstance(part, str) else part


def _portable_pattern(pattern: str) -> str:
    """The models refuse lone surrogates without being told, and their `$` is the very end."""
    return pattern.replace(r"\u0000]", r"\u0000\ud800-\udfff]").removesuffix("$") + r"(?!\n)$"

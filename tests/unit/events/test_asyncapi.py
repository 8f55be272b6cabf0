"""The AsyncAPI document: whole, and true to the schemas and the program."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.builders import ACTIVATION, REGION
from tests.worlds.decoding import decode

from sync_worker.events.decode_result import Event
from sync_worker.events.models import MODELS

FOLDER = Path(__file__).parents[3] / "schemas"
DOCUMENT = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
EXAMPLES = [
    pytest.param(message, example, id=f"{name}: {example['name']}")
    for name, message in MESSAGES.items()
    for example in message.get("examples", ())
]


def resolved(reference: str) -> Any:
    """What a reference names, in this document or in a file beside it; KeyError where nothing."""
    if not reference.startswith("#/"):
        return json.loads((FOLDER / reference).read_bytes())
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(part: Any) -> Iterator[str]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for each in inner:
        yield from references(each)
    if isinstance(part, dict) and "$ref" in part:
        yield part["$ref"]


def test_it_is_an_asyncapi_3_document():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) >= {"info", "channels", "operations", "components"}


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_names_something(reference):
    assert resolved(reference)


def test_the_channels_are_the_topics_kept_for_ever():
    channels = DOCUMENT["channels"].values()

    assert {channel["address"] for channel in channels} == {ACTIVATION, REGION}
    for channel in channels:
        topic = resolved(channel["bindings"]["$ref"])["kafka"]["topicConfiguration"]
        assert topic == {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1}


def test_every_message_is_received_from_a_channel():
    received = {
        resolved(reference["$ref"])["$ref"]
        for operation in DOCUMENT["operations"].values()
        for reference in operation["messages"]
    }

    assert received == {f"#/components/messages/{name}" for name in MESSAGES}


def test_every_type_has_a_message_in_both_modes():
    files = [message["payload"].get("schema", {}).get("$ref") for message in MESSAGES.values()]

    expected = [
        f"./{event_type}.{kind}"
        for event_type in MODELS
        for kind in ("schema.json", "data.schema.json")
    ]
    assert sorted(file for file in files if file) == sorted(expected)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_has_a_key(name):
    assert resolved(MESSAGES[name]["bindings"]["$ref"])["kafka"]["key"]["type"] == "string"


@pytest.mark.parametrize(("message", "example"), EXAMPLES)
def test_an_example_fits_the_schemas_of_its_message(message, example):
    payload = resolved(message["payload"]["schema"]["$ref"])
    headers = resolved(message["headers"]["$ref"])

    Draft202012Validator(payload).validate(example["payload"])
    Draft202012Validator(headers).validate(example["headers"])


@pytest.mark.parametrize(("message", "example"), EXAMPLES)
def test_an_example_is_an_event(message, example):
    headers = tuple((name, value.encode()) for name, value in example["headers"].items())
    value = json.dumps(example["payload"]).encode()

    assert isinstance(decode(value, key=None, headers=headers), Event)

"""The exported schemas accept and reject what the models do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from tests.worlds.decoding import CLINIC, decode

from sync_worker.domain.hsa_id import is_blank
from sync_worker.events.decode_result import Event, Reason, Rejection
from sync_worker.events.json_schema import as_text, schemas
from sync_worker.events.models import MODELS
from sync_worker.events.texts import BLANK

FOLDER = Path(__file__).parents[3] / "schemas"
EXPORTED = schemas()
VALIDATORS = {
    event_type: Draft202012Validator(EXPORTED[f"{event_type}.schema.json"]) for event_type in MODELS
}
EXAMPLES = {
    path.relative_to(FOLDER).as_posix(): json.loads(path.read_bytes())
    for path in sorted((FOLDER / "examples").rglob("*.json"))
}
VALID = [name for name in EXAMPLES if "/valid/" in name]
INVALID = [name for name in EXAMPLES if "/invalid/" in name]


def validated(described: Any) -> Any:
    return decode(json.dumps(described).encode(), key=None)


def test_the_files_are_what_the_models_export_byte_for_byte():
    found = {path.name: path.read_bytes() for path in FOLDER.glob("*.schema.json")}

    assert found == {name: as_text(schema).encode() for name, schema in EXPORTED.items()}


@pytest.mark.parametrize("name", EXPORTED)
def test_each_schema_is_valid_and_has_a_unique_name(name):
    schema = EXPORTED[name]

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:sync-worker:schema:{name.removesuffix('.schema.json')}"


def test_each_event_and_its_data_have_a_schema():
    kinds = ("schema.json", "data.schema.json")

    assert set(EXPORTED) == {f"{event_type}.{kind}" for event_type in MODELS for kind in kinds}


def test_a_blank_text_is_made_of_the_same_characters_everywhere():
    characters = [chr(code) for code in range(0x11_0000)]

    assert re.findall(f"[{BLANK}]", "".join(characters)) == [c for c in characters if is_blank(c)]


def test_there_are_examples_of_both_kinds():
    assert len(VALID) >= 12
    assert len(INVALID) >= 25


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_validates_as_it_says(name):
    told = EXAMPLES[name]
    result = validated(told["event"])

    assert told["why"].endswith(".")
    assert told["reason"] == (result.reason if isinstance(result, Rejection) else None)
    assert isinstance(result, Event) == (name in VALID)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_schemas_validate_an_example_as_it_says(name):
    told = EXAMPLES[name]
    is_valid = any(validator.is_valid(told["event"]) for validator in VALIDATORS.values())

    assert told["schema_says"] == ("valid" if is_valid else "invalid")


@pytest.mark.parametrize("name", INVALID)
def test_where_a_schema_cannot_say_it_the_example_tells_so(name):
    told = EXAMPLES[name]

    assert (told["schema_says"] == "valid") == ("the schema accepts it" in told["why"])


def test_every_reason_that_an_event_can_have_has_an_example():
    reasons = {told["reason"] for told in EXAMPLES.values()} - {None}

    assert reasons == set(Reason) - {Reason.INVALID_JSON, Reason.DATABASE_REJECTED}


ODD_CHARACTERS = st.sampled_from("aZ0 \t\n\r\0\x1c\x7f\x85\xa0\u2028\ufeff\ud800\udc00\U0001f3e5")
ODD_TEXT = st.one_of(
    st.text(ODD_CHARACTERS, max_size=4),
    st.builds(
        "{}{}{}".format,
        st.text(ODD_CHARACTERS, max_size=2),
        st.sampled_from([0, 1, 62, 63, 64, 65, 199, 200, 201, 255, 256, 257]).map("x".__mul__),
        st.text(ODD_CHARACTERS, max_size=2),
    ),
)
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z\n?"),
    st.from_regex(r"\A[0-9]{4}-02-29T00:00:00[+-][0-2][0-9]:[0-6][0-9]\Z"),
)
ODD = st.one_of(ODD_TEXT, st.none(), st.booleans(), st.integers(), st.just([]), st.just({}), TIMES)
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("specversion", "id", "source", "subject", "sequence"), ODD)
)
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(("hsaId", "regionCode", "name"), ODD))


def sound(event_type: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/eservices/clinics",
        "type": event_type,
        "time": "2026-01-01T00:00:00Z",
        "data": {"hsaId": CLINIC, "regionCode": "01"},
    }


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    event_type=st.sampled_from(sorted(MODELS)),
    attributes=ATTRIBUTES,
    time=st.just("2026-01-01T00:00:00Z") | ODD,
    fields=FIELDS,
    dropped=st.none() | st.sampled_from(["specversion", "id", "source", "time", "data"]),
)
@example("eservices.clinic.activated.v1", {"sequence": "x" * 64 + "\n"}, "", {}, None)
@example("eservices.clinic.activated.v1", {"id": "\ud800"}, "", {"name": "\ud800" * 201}, None)
def test_model_and_schema_agree(event_type, attributes, time, fields, dropped):
    described = {**sound(event_type), **attributes, "time": time}
    described["data"] = described["data"] | fields
    described.pop(dropped, None)

    assert VALIDATORS[event_type].is_valid(described) == model_takes(event_type, described)


@given(event_type=st.sampled_from(sorted(MODELS)), data=ODD, time=TIMES)
def test_they_agree_whatever_the_data_and_the_time_are(event_type, data, time):
    for described in (
        sound(event_type) | {"data": data},
        sound(event_type) | {"time": time},
    ):
        assert VALIDATORS[event_type].is_valid(described) == model_takes(event_type, described)


def model_takes(event_type: str, described: Any) -> bool:
    try:
        MODELS[event_type][0].model_validate(described)
    except ValidationError:
        return False
    return True

"""What becomes of a record in binary mode, and which mode a record is in."""

import json

import pytest
from tests.builders import activated
from tests.worlds.decoding import CLINIC, OTHER, decode, reason_of

from sync_worker.events.decode_result import Event, Ignored, Reason
from sync_worker.events.record import Headers

ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "sequence")
Header = tuple[str, bytes | None]

DESCRIBED = activated(CLINIC, 5, sequence="7", regionCode="01", name="Exempelkliniken Söder")
DATA = json.dumps(DESCRIBED["data"]).encode()
HEADERS = {f"ce_{name}": DESCRIBED[name].encode() for name in ATTRIBUTES}
JSON = ("content-type", b"application/json")
CLOUDEVENTS = ("content-type", b"application/cloudevents+json")


def headers(*more: Header, **changed: bytes | None) -> Headers:
    return (*(HEADERS | changed).items(), *more)


def without(name: str) -> Headers:
    return tuple((header, value) for header, value in headers() if header != name)


def test_both_modes_say_the_same():
    in_binary_mode = decode(DATA, key=CLINIC, headers=headers(JSON))

    assert isinstance(in_binary_mode, Event)
    assert in_binary_mode == decode(DESCRIBED)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(headers(), id="no content type"),
        pytest.param(headers(JSON), id="another content type"),
        pytest.param(headers(("content-type", None)), id="a null one"),
        pytest.param(headers(("content-type", b"\xff")), id="one that is not UTF-8"),
        pytest.param(headers(CLOUDEVENTS, ("Content-Type", b"text/json")), id="the last one"),
        pytest.param(headers(CLOUDEVENTS, ("content-type", None)), id="the last one, null"),
    ],
)
def test_a_specversion_header_alone_makes_it_binary(found):
    assert isinstance(decode(DATA, key=CLINIC, headers=found), Event)
    assert reason_of(DESCRIBED, headers=found) is Reason.INVALID_EVENT


@pytest.mark.parametrize(
    "found",
    [
        pytest.param((), id="no headers"),
        pytest.param((JSON,), id="only a content type"),
        pytest.param(without("ce_specversion"), id="no specversion"),
        pytest.param((("CE_specversion", b"1.0"),), id="a name in other letters"),
        pytest.param((("ce-specversion", b"1.0"),), id="the name of another protocol"),
        pytest.param(headers(CLOUDEVENTS), id="a cloudevents content type"),
        pytest.param(headers(("Content-TYPE", b"Application/CloudEvents+JSON; x")), id="its case"),
        pytest.param(headers(JSON, CLOUDEVENTS), id="a cloudevents content type at last"),
    ],
)
def test_everything_else_is_read_as_structured(found):
    assert isinstance(decode(DESCRIBED, headers=found), Event)
    assert reason_of(DATA, key=CLINIC, headers=found) is Reason.INVALID_EVENT


def test_an_empty_specversion_header_makes_it_binary_too():
    found = headers(ce_specversion=None)

    for content in (DATA, DESCRIBED):
        result = decode(content, key=CLINIC, headers=found)
        assert result.detail == "`specversion` is missing."


def test_a_batch_of_events_is_not_an_event():
    batch = json.dumps([DESCRIBED]).encode()
    found = (("content-type", b"application/cloudevents-batch+json"),)

    assert reason_of(batch, headers=found) is Reason.INVALID_EVENT


def test_of_repeated_headers_the_last_one_counts():
    found = headers(("ce_id", b"first"), ("ce_id", b"last"))

    assert decode(DATA, key=CLINIC, headers=found).event_id == "last"


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time"])
def test_a_required_attribute_that_is_missing_or_null_is_invalid(name):
    assert reason_of(DATA, headers=without(name)) is Reason.INVALID_EVENT
    assert reason_of(DATA, headers=headers(**{name: None})) is Reason.INVALID_EVENT


@pytest.mark.parametrize("name", ["ce_subject", "ce_sequence"])
def test_an_optional_attribute_may_be_missing_null_or_blank(name):
    for found in (without(name), headers(**{name: None}), headers(**{name: b" "})):
        assert isinstance(decode(DATA, key=CLINIC, headers=found), Event)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_not_in_utf_8_is_invalid(name):
    found = headers(**{f"ce_{name}": b"\xff"})

    result = decode(DATA, key=CLINIC, headers=found)

    assert result.reason is Reason.INVALID_EVENT
    assert f"`{name}` is not" in result.detail


def test_other_headers_are_ignored_whatever_they_hold():
    found = headers(("ce_traceparent", b"\xff"), ("ce_data", b"{}"), ("x", None), ("\ud800", b"\0"))

    assert isinstance(decode(DATA, key=CLINIC, headers=found), Event)


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"NaN"])
def test_data_must_be_json_even_of_an_unknown_type(value):
    assert reason_of(value, headers=headers()) is Reason.INVALID_JSON
    assert reason_of(value, headers=headers(ce_type=b"unknown")) is Reason.INVALID_JSON


@pytest.mark.parametrize("value", [b"null", b"[]", b"7", b'"text"'])
def test_data_that_is_not_an_object_is_invalid(value):
    assert reason_of(value, headers=headers()) is Reason.INVALID_EVENT
    assert isinstance(decode(value, headers=headers(ce_type=b"unknown")), Ignored)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ce_type": b"eservices.clinic.activated.v2"}, Reason.UNSUPPORTED_VERSION),
        ({"ce_specversion": b"0.3"}, Reason.INVALID_EVENT),
        ({"ce_specversion": b""}, Reason.INVALID_EVENT),
        ({"ce_id": b"a\0"}, Reason.INVALID_EVENT),
        ({"ce_time": b"2026-01-01"}, Reason.INVALID_EVENT),
        ({"ce_subject": OTHER.encode()}, Reason.IDENTITY_MISMATCH),
        ({"ce_time": b"2099-01-01T00:00:00Z"}, Reason.TIME_IN_FUTURE),
    ],
)
def test_the_rules_are_those_of_structured_mode(changed, reason):
    assert reason_of(DATA, key=CLINIC, headers=headers(**changed)) is reason

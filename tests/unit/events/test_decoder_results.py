"""Which records are ignored or rejected, and why: the tables of the contract, row by row."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import ACTIVATION, activated, event, record, region_changed
from tests.builders import Event as Document
from tests.worlds.decoding import CLINIC, NOW, OTHER, decode, reason_of

from sync_worker.domain.regions import Regions
from sync_worker.events.decode_result import Event, Ignored, Reason, Rejection
from sync_worker.events.decoder import EventDecoder


def with_data(data: Any, **more: Any) -> Document:
    return {**activated(CLINIC, 5, **more), "data": data}


def without(described: Document, *names: str) -> Document:
    return {name: value for name, value in described.items() if name not in names}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"{not json", id="half an object"),
        pytest.param(b"{}{}", id="two values"),
        pytest.param(b"\xff{}", id="not UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="a surrogate in bytes"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte-order mark"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b"{'a':1}", id="the other quotes"),
        pytest.param(b'{"a":"\n"}', id="a bare line break in a string"),
        pytest.param(b'{"a":01}', id="a leading zero"),
        pytest.param(b"[" * 200_000, id="nested without end"),
        pytest.param(b'{"a":' * 200_000, id="objects nested without end"),
    ],
)
def test_what_is_not_json_in_utf_8_is_invalid_json(value):
    assert reason_of(value) is Reason.INVALID_JSON


@pytest.mark.parametrize("value", [b"null", b"[]", b'"text"', b"7", b"true", b"9" * 5000])
def test_json_that_is_not_an_object_is_an_invalid_event(value):
    assert reason_of(value) is Reason.INVALID_EVENT


@pytest.mark.parametrize("event_type", [None, "", " ", "\ufeff", 7, ["x"], {}, True])
def test_an_event_without_a_type_is_invalid(event_type):
    assert reason_of({**activated(CLINIC, 5), "type": event_type}) is Reason.INVALID_EVENT
    assert reason_of(without(activated(CLINIC, 5), "type")) is Reason.INVALID_EVENT


@pytest.mark.parametrize(
    "event_type",
    [
        "eservices.clinic.opening-hours-changed.v1",
        "eservices.\0",
        "eservices.clinic.activatedv2",
        "eservices.clinic.activated-v2",
        "Eservices.clinic.activated.v1",
        " eservices.clinic.activated.v1",
        "eservices.clinic.activated\n",
        "x" * 1000,
    ],
)
def test_an_unknown_type_is_ignored_whatever_else_is_wrong(event_type):
    assert isinstance(decode({"type": event_type}), Ignored)


def test_an_unknown_type_that_is_not_text_is_ignored_too():
    assert isinstance(decode(b'{"type": "\\ud800"}'), Ignored)


@pytest.mark.parametrize("name", ["activated", "deactivated", "region-changed"])
@pytest.mark.parametrize(
    "suffix", ["", ".v0", ".v2", ".v10", ".v1.1", ".vNext", ".v٢", ".2", ".", ".v1 ", ".v1\0"]
)
def test_another_version_is_unsupported_whatever_else_is_wrong(name, suffix):
    described = {"type": f"eservices.clinic.{name}{suffix}"}

    assert reason_of(described) is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "time"])
@pytest.mark.parametrize("value", [None, "", " \ufeff", 7, True, [], {}, "a\0b"])
def test_a_required_attribute_is_a_string_that_says_something(attribute, value):
    assert reason_of({**activated(CLINIC, 5), attribute: value}) is Reason.INVALID_EVENT


@pytest.mark.parametrize("name", ["specversion", "id", "source", "time", "data"])
def test_a_required_attribute_is_there(name):
    missing = decode(without(activated(CLINIC, 5), name), key=CLINIC)

    assert missing == Rejection(Reason.INVALID_EVENT, f"`{name}` is missing.")


@pytest.mark.parametrize("data", [None, "", [], 7, json.dumps({"hsaId": CLINIC})])
def test_data_is_an_object(data):
    described = json.dumps(with_data(data)).encode()

    assert reason_of(described, key=CLINIC) is Reason.INVALID_EVENT


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("specversion", "1"),
        ("specversion", "1.0 "),
        ("specversion", "0.3"),
        ("id", "i" * 257),
        ("sequence", "s" * 65),
        ("sequence", "s" * 64 + "\n"),
        ("sequence", "a\0"),
        ("sequence", 7),
        ("subject", "a\0"),
        ("subject", ["x"]),
        ("time", "2026-01-01 00:00:00Z"),
        ("time", "0001-01-01T00:00:00+00:01"),
    ],
)
def test_an_overlong_or_malformed_attribute_is_invalid(attribute, value):
    assert reason_of({**activated(CLINIC, 5), attribute: value}) is Reason.INVALID_EVENT


@pytest.mark.parametrize(("attribute", "value"), [("id", "i" * 256), ("sequence", "s" * 64)])
def test_an_attribute_of_the_greatest_length_is_valid(attribute, value):
    assert isinstance(decode({**activated(CLINIC, 5), attribute: value}), Event)


@pytest.mark.parametrize("name", ["id", "source", "subject", "sequence", "time", "specversion"])
def test_half_a_surrogate_in_an_attribute_is_invalid(name):
    described = json.dumps({**activated(CLINIC, 5), name: "a\udc80"}).encode()

    assert reason_of(described, key=CLINIC) is Reason.INVALID_EVENT


@pytest.mark.parametrize("name", ["hsaId", "regionCode", "name"])
def test_half_a_surrogate_in_a_field_is_invalid(name):
    described = json.dumps(with_data({"hsaId": CLINIC, name: "a\udc80"})).encode()

    assert reason_of(described, key=CLINIC) is Reason.INVALID_EVENT


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"hsaId": None},
        {"hsaId": " \ufeff"},
        {"hsaId": 7},
        {"hsaId": "A B"},
        {"hsaId": "A\u00a0B"},
        {"hsaId": "A\ufeffB"},
        {"hsaId": "A\x00B"},
        {"hsaId": "A\x7fB"},
        {"hsaId": "A\u0085B"},
        {"hsaId": "A\u009fB"},
        {"hsaId": "A" * 65},
        {"hsaId": CLINIC, "regionCode": 1},
        {"hsaId": CLINIC, "regionCode": "01\0"},
        {"hsaId": CLINIC, "name": 7},
        {"hsaId": CLINIC, "name": "\0"},
    ],
)
def test_a_field_of_the_wrong_form_is_invalid(data):
    assert reason_of(json.dumps(with_data(data)).encode(), key=None) is Reason.INVALID_EVENT


@pytest.mark.parametrize("region_code", [None, "", " ", 3])
def test_a_move_says_to_which_region(region_code):
    assert reason_of(region_changed(CLINIC, 5, region_code)) is Reason.INVALID_EVENT


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        pytest.param(OTHER, CLINIC, id="the key"),
        pytest.param(CLINIC, OTHER, id="the subject"),
        pytest.param(OTHER, None, id="the key, without a subject"),
        pytest.param(None, OTHER, id="the subject, without a key"),
        pytest.param(OTHER, OTHER, id="both, against the data"),
        pytest.param(b"\xff", CLINIC, id="a key that is not UTF-8"),
        pytest.param(f"{CLINIC}\0", CLINIC, id="a key with a NUL"),
    ],
)
def test_key_subject_and_data_must_name_one_clinic(key, subject):
    described = activated(CLINIC, 5, subject=subject)

    assert reason_of(described, key=key) is Reason.IDENTITY_MISMATCH


@pytest.mark.parametrize("key", [None, b"", " ", "\ufeff"])
def test_an_absent_or_blank_key_is_not_a_mismatch(key):
    assert isinstance(decode(activated(CLINIC, 5), key=key), Event)


@pytest.mark.parametrize("code", ["02", "11", "15", "16", "1", "01 ", "0\u0661", "AB", "x" * 900])
def test_a_region_that_is_not_in_use_is_unknown(code):
    assert reason_of(activated(CLINIC, 5, regionCode=code)) is Reason.UNKNOWN_REGION
    assert reason_of(region_changed(CLINIC, 5, code)) is Reason.UNKNOWN_REGION


def test_a_region_that_a_setting_adds_is_known():
    decoder = EventDecoder(ACTIVATION, Regions(["11"]), timedelta(hours=1))

    assert isinstance(decoder.decode(record(region_changed(CLINIC, 5, "11")), NOW), Event)


@pytest.mark.parametrize(
    ("ahead", "seconds"), [(-1, 0), (60, 0), (60.000001, 60), (61, 61), (3600, 3600)]
)
def test_an_event_knows_how_far_ahead_it_is(ahead, seconds):
    event = decode(activated(CLINIC, NOW + timedelta(seconds=ahead)))

    assert event.seconds_ahead == seconds


def test_a_limit_below_a_minute_lets_no_event_through():
    decoder = EventDecoder(ACTIVATION, Regions(), timedelta())

    result = decoder.decode(record(activated(CLINIC, NOW + timedelta(seconds=1))), NOW)

    assert isinstance(result, Rejection)
    assert result.reason is Reason.TIME_IN_FUTURE


def test_a_time_too_far_ahead_is_in_the_future():
    limit = NOW + timedelta(hours=1)

    assert isinstance(decode(activated(CLINIC, limit)), Event)
    assert reason_of(activated(CLINIC, limit + timedelta(microseconds=1))) == "time_in_future"


FAULTS: list[tuple[Reason, Document, Document | None]] = [
    (Reason.UNSUPPORTED_VERSION, {"type": "eservices.clinic.activated.v2"}, None),
    (Reason.INVALID_EVENT, {"id": None}, None),
    (Reason.IDENTITY_MISMATCH, {"subject": OTHER}, None),
    (Reason.UNKNOWN_REGION, {}, {"hsaId": CLINIC, "regionCode": "11"}),
    (Reason.TIME_IN_FUTURE, {"time": "2099-01-01T00:00:00Z"}, None),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_of_several_faults_the_contracts_first_is_the_reason(first):
    described = activated(CLINIC, 5)
    for _, attributes, data in FAULTS[first:]:
        described |= attributes
        described["data"] = data or described["data"]

    assert reason_of(described, key=None) is FAULTS[first][0]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "The value is not JSON in UTF-8. It is empty."),
        (b"17", "The value is not a JSON object."),
        (activated(CLINIC, 5, id=""), "`id` is blank."),
        ({**activated(CLINIC, 5), "id": None}, "`id` is null."),
        (activated(CLINIC, 5, id="x" * 257), "`id` is longer than 256 characters."),
        (activated(CLINIC, 5, sequence="x" * 65), "`sequence` is longer than 64 characters."),
        (activated(CLINIC, 5, specversion="2"), '`specversion` is not "1.0".'),
        (activated(CLINIC, 5, subject=7), "`subject` is not a string."),
        (activated(CLINIC, 5, name="a\0"), "`data.name` holds a NUL or half a surrogate pair."),
        (
            activated(CLINIC, 5, regionCode="1\n"),
            "`data.regionCode` is '1\\n', which is not a region code.",
        ),
        (
            activated(CLINIC, 5, subject=OTHER),
            "`subject` names another clinic than `data.hsaId`.",
        ),
        (
            event("eservices.clinic.activated.v2", CLINIC, 5),
            "`type` is 'eservices.clinic.activated.v2', but only version .v1 is supported.",
        ),
    ],
)
def test_the_detail_is_a_sentence_that_names_what_is_wrong(content, detail):
    assert decode(content).detail == detail

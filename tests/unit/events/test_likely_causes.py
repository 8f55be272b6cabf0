"""What publishers' frameworks make of an event, and what the detail says is behind it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import STRUCTURED, activated, record
from tests.worlds.decoding import CLINIC, DECODER, NOW, decode

from sync_worker.events.decode_result import Event, Reason, Rejection
from sync_worker.events.record import Headers

EVENT = activated(CLINIC, 5, regionCode="01")
JSON = json.dumps(EVENT).encode()
DATA = json.dumps(EVENT["data"]).encode()
ATTRIBUTES = {name: value for name, value in EVENT.items() if name != "data"}
BINARY: Headers = tuple((f"ce_{name}", str(value).encode()) for name, value in ATTRIBUTES.items())
PLAIN: Headers = (("content-type", b"application/json"),)


def changed(**more: Any) -> bytes:
    return json.dumps(EVENT | more).encode()


def with_data(**more: Any) -> bytes:
    return changed(data=EVENT["data"] | more)


NO_JSON = {
    "a byte-order mark": (b"\xef\xbb\xbf" + JSON, "byte-order mark"),
    "UTF-16": (JSON.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (JSON.decode().encode("utf-16-be"), "UTF-16"),
    "Windows-1252": (b'{"name": "\xe5"}', "not UTF-8"),
    "a registry's magic byte": (b"\x00\x00\x00\x00\x07" + JSON, "schema registry"),
    "gzip": (b"\x1f\x8b\x08\x00", "gzip"),
    "a Java object": (b"\xac\xed\x00\x05sr", "Java"),
    "XML": (b"<event/>", "XML"),
    "a Python dict": (str(EVENT).encode(), "single quotes"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "blanks": (b" \n", "empty"),
}
NO_EVENT = {
    "a batch": (b"[" + JSON + b"]", "a record of its own"),
    "JSON in a string": (json.dumps(JSON.decode()).encode(), "serialised twice"),
    "base64 in a string": (b'"eyJpZCI6MX0="', "base64"),
    "an envelope of Connect": (b'{"schema": {}, "payload": ' + JSON + b"}", "schemas.enable"),
    "a change of Debezium": (b'{"before": null, "after": {}, "op": "c"}', "Debezium"),
    "data alone": (DATA, "without the attributes"),
    "attributes in another case": (changed(type=None)[:-1] + b', "Type": "x"}', "another spelling"),
    "no specversion but another": (
        JSON.replace(b"specversion", b"specVersion"),
        "`specversion`, letter by letter",
    ),
    "version 0.3": (changed(specversion="0.3"), "earlier version"),
    "a number for a version": (changed(specversion=1.0), '"1.0"'),
    "a blank for the T": (changed(time="2026-11-23 08:14:02Z"), "a blank instead"),
    "no offset": (changed(time="2026-11-23T08:14:02.120"), "offset is missing"),
    "an offset without a colon": (changed(time="2026-11-23T08:14:02+0100"), "a colon"),
    "a zone's name": (changed(time="2026-11-23T08:14:02+01:00[Europe/Stockholm]"), "time zone"),
    "a comma": (changed(time="2026-11-23T08:14:02,120Z"), "a point"),
    "a time as a number": (changed(time=1764000000000), "It is a number"),
    "a time as a list": (changed(time=[2026, 11, 23, 8, 14]), "Jackson"),
    "data as text": (changed(data=DATA.decode()), "serialised twice"),
    "data in base64": (
        json.dumps(ATTRIBUTES | {"data_base64": "e30="}).encode(),
        "`data_base64` is not read",
    ),
    "a field in another spelling": (changed(data={"hsa_id": CLINIC}), "`hsaId`, letter by letter"),
    "a number for a region": (with_data(regionCode=1), '"01"'),
}
HEADERS: dict[str, tuple[bytes, Headers, str]] = {
    "upper case": (DATA, tuple((n.upper(), v) for n, v in BINARY) + PLAIN, "lower case"),
    "a dash": (DATA, tuple((n.replace("_", "-"), v) for n, v in BINARY), "start with `ce_`"),
    "a structured content type": (DATA, STRUCTURED + BINARY, "application/json"),
    "no specversion": (DATA, BINARY[1:] + PLAIN, "`ce_specversion` is missing"),
    "an event within": (
        JSON,
        (("ce_specversion", b"1.0"), *PLAIN),
        "a whole event",
    ),
    "no type": (DATA, tuple(h for h in BINARY if h[0] != "ce_type"), "`ce_type` is missing"),
}


def rejection_of(value: bytes, headers: Headers = STRUCTURED) -> Rejection:
    result = decode(value, key=CLINIC, headers=headers)
    assert isinstance(result, Rejection), result
    return result


@pytest.mark.parametrize(("value", "cause"), NO_JSON.values(), ids=NO_JSON)
def test_what_is_not_json_says_what_it_looks_like(value, cause):
    rejection = rejection_of(value)
    assert rejection.reason is Reason.INVALID_JSON
    assert cause in rejection.detail


@pytest.mark.parametrize(("value", "cause"), NO_EVENT.values(), ids=NO_EVENT)
def test_what_a_framework_made_of_an_event_is_reported(value, cause):
    rejection = rejection_of(value)
    assert rejection.reason is Reason.INVALID_EVENT
    assert cause in rejection.detail


@pytest.mark.parametrize(("value", "headers", "cause"), HEADERS.values(), ids=HEADERS)
def test_headers_that_hide_the_attributes_are_reported(value, headers, cause):
    rejection = rejection_of(value, headers)
    assert rejection.reason is Reason.INVALID_EVENT
    assert cause in rejection.detail


def test_a_region_without_its_zero_is_reported():
    rejection = rejection_of(with_data(regionCode="1"))
    assert rejection.reason is Reason.UNKNOWN_REGION
    assert "leading zero" in rejection.detail


@pytest.mark.parametrize(
    "headers",
    [
        (("Content-Type", b"application/cloudevents+json; charset=utf-8"),),
        (("CONTENT-TYPE", b"Application/CloudEvents+JSON"), ("__TypeId__", b"se.exempel.Event")),
        (),
    ],
)
def test_ways_to_say_structured_are_all_read(headers):
    assert isinstance(decode(JSON, headers=headers), Event)


def test_binary_events_with_a_content_type_of_json_are_read():
    assert isinstance(decode(DATA, key=CLINIC, headers=BINARY + PLAIN), Event)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*EVENT, "op"]), inner),
    ),
    st.lists(st.tuples(st.sampled_from(["ce_type", "CE_ID", "content-type"]), st.binary())),
)
def test_a_cause_is_found_or_not_and_never_raised(content, headers):
    value = json.dumps(content).encode()
    DECODER.decode(record(value, key=CLINIC, topic="t", headers=tuple(headers)), NOW)

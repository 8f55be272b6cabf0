"""What a line of an archive says, and what is no line of one."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.builders import EPOCH_MS, activated, archive_line, record

from sync_worker.streams.archive.format import MalformedLineError, record_of

A_RECORD = record(activated("SE2321000016-TA01", 0, regionCode="01", name="Exempelkliniken Åsen"))


def line(**changed: object) -> bytes:
    """Write a small line, with members changed."""
    return json.dumps({"topic": "t", "payload": "x", **changed}).encode()


def test_a_line_as_kcat_prints_it_is_its_record():
    written = (
        b'{"topic":"eservices.clinic.region","partition":2,"offset":41,"tstype":"create",'
        b'"ts":1767225600000,"broker":1,"headers":["a","1","b",null],"key":"k",'
        b'"payload":"\xc3\xa5"}\n'
    )

    read = record_of(written, 0)

    assert read.topic == "eservices.clinic.region"
    assert (read.partition, read.offset, read.timestamp_ms) == (2, 41, EPOCH_MS)
    assert (read.key, read.value) == (b"k", "å".encode())
    assert read.headers == (("a", b"1"), ("b", None))


def test_missing_places_default_to_line_number_and_partition_0():
    bare = record_of(line(), 7)

    assert (bare.offset, bare.partition, bare.timestamp_ms) == (7, 0, None)
    assert (bare.key, bare.headers) == (None, ())
    assert bare == record_of(line(offset=None, partition=None, ts=None, headers=None), 7)


@pytest.mark.parametrize(
    "changed", [{"ts": -1}, {"ts": 5, "tstype": "unknown"}, {"ts": 5, "tstype": "none"}]
)
def test_a_timestamp_that_kafka_does_not_have_is_none(changed):
    assert record_of(line(**changed), 0).timestamp_ms is None


@pytest.mark.parametrize(
    ("tstype", "is_log_append_time"), [("create", False), (None, False), ("logappend", True)]
)
def test_it_says_whether_the_broker_set_the_timestamp(tstype, is_log_append_time):
    assert record_of(line(ts=5, tstype=tstype), 0).is_log_append_time is is_log_append_time


def test_bytes_that_are_not_utf_8_are_read_from_base64():
    coded = base64.b64encode(b"\xff\x00").decode()

    read = record_of(
        line(payload=None, payload_b64=coded, key_b64=coded, headers_b64=["h", coded, "n", None]), 0
    )

    assert read.value == read.key == b"\xff\x00"
    assert read.headers == (("h", b"\xff\x00"), ("n", None))


def test_only_a_null_payload_is_a_tombstone():
    assert record_of(line(payload=None), 0).value is None
    assert record_of(line(payload=""), 0).value == b""


# A quote or a backslash is escaped by kcat, and so are control characters.
RAW_BYTES = st.binary().map(lambda raw: bytes(b for b in raw if b >= 0x20 and b not in b'"\\'))


@given(RAW_BYTES, RAW_BYTES)
@example(b"\xff", "å".encode())
@example("å".encode(), b"\xe5")
@example(b"\xed\xb3\xbf", b"\xf0\x9f")
def test_any_raw_bytes_in_a_line_survive(key, value):
    read = record_of(b'{"topic":"t","key":"' + key + b'","payload":"' + value + b'"}', 0)

    assert (read.key, read.value) == (key, value)


def test_a_header_name_not_in_utf_8_keeps_its_value():
    read = record_of(b'{"topic":"t","headers":["n\xff","\xfe"],"payload":null}', 0)

    assert read.headers == (("n\ufffd", b"\xfe"),)


@given(st.text(), st.text())
def test_any_text_is_its_utf_8_however_it_is_escaped(key, value):
    members = {"topic": "t", "key": key, "payload": value}

    for escaped in (True, False):
        read = record_of(json.dumps(members, ensure_ascii=escaped).encode(), 0)
        assert (read.key, read.value) == (key.encode(), value.encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_are_refused(content):
    with suppress(MalformedLineError):
        assert record_of(content, 0).topic


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param(b"\n", "it is not JSON", id="a blank line"),
        pytest.param(b"{", "it is not JSON", id="half a line"),
        pytest.param(b"[" * 100_000, "it is not JSON", id="nested without end"),
        pytest.param(b"9" * 5_000, "it is not JSON", id="a number without end"),
        pytest.param(line(ts=float("nan")), "it is not JSON", id="NaN"),
        pytest.param(b"\xef\xbb\xbf" + line(), "it is not JSON", id="a byte-order mark"),
        pytest.param(b"[]", "it is not a JSON object", id="a list"),
        pytest.param(b'{"topic":"t"}', "`payload` is missing", id="no payload"),
        pytest.param(b'{"payload":"x"}', "`topic`", id="no topic"),
        pytest.param(line(topic=""), "`topic`", id="an empty topic"),
        pytest.param(line(topic="a b"), "`topic`", id="a topic with a blank"),
        pytest.param(line(topic="t\n"), "`topic`", id="a topic with a line break"),
        pytest.param(line(topic=".."), "`topic`", id="a topic of dots"),
        pytest.param(line(topic="t" * 250), "`topic`", id="a long topic"),
        pytest.param(line(topic=1), "`topic`", id="a topic that is a number"),
        pytest.param(line(offset=-1), "`offset`", id="a negative offset"),
        pytest.param(line(offset=2**63 - 1), "`offset`", id="an offset without a next one"),
        pytest.param(line(offset=True), "`offset`", id="a boolean offset"),
        pytest.param(line(offset="1"), "`offset`", id="an offset in quotes"),
        pytest.param(line(offset=1.0), "`offset`", id="an offset with decimals"),
        pytest.param(line(partition=-1), "`partition`", id="a negative partition"),
        pytest.param(line(partition=2**31), "`partition`", id="a partition beyond int32"),
        pytest.param(line(partition=False), "`partition`", id="a boolean partition"),
        pytest.param(line(ts=2**63), "`ts`", id="a timestamp beyond int64"),
        pytest.param(line(ts="2026"), "`ts`", id="a timestamp as text"),
        pytest.param(line(tstype=1), "`tstype`", id="a timestamp type that is a number"),
        pytest.param(line(payload=1), "`payload`", id="a payload that is a number"),
        pytest.param(line(payload={}), "`payload`", id="a payload that is an object"),
        pytest.param(line(payload_b64="eA=="), "`payload_b64` are both", id="two payloads"),
        pytest.param(line(payload=None, payload_b64="e"), "base64", id="bad base64"),
        pytest.param(line(payload=None, payload_b64="eå=="), "base64", id="base64 beyond ASCII"),
        pytest.param(line(payload=None, payload_b64=1), "`payload_b64`", id="base64 of a number"),
        pytest.param(line(key=7), "`key`", id="a key that is a number"),
        pytest.param(line(key="a", key_b64="YQ=="), "`key_b64` are both", id="two keys"),
        pytest.param(line(headers={}), "`headers`", id="headers that are an object"),
        pytest.param(line(headers=["a"]), "`headers`", id="a header without a value"),
        pytest.param(line(headers=[1, "a"]), "`headers`", id="a header name that is a number"),
        pytest.param(line(headers=[None, "a"]), "`headers`", id="a header without a name"),
        pytest.param(line(headers=["a", 1]), "`headers`", id="a header value that is a number"),
        pytest.param(line(headers_b64=["a", "?"]), "base64", id="a header in bad base64"),
        pytest.param(line(headers=[], headers_b64=[]), "are both", id="headers twice"),
        pytest.param(line(payload="\udc80"), "surrogate", id="a lone surrogate in UTF-8"),
        pytest.param(
            b'{"topic":"t","key":"\xff","payload":"\\ud800"}', "surrogate", id="and in raw bytes"
        ),
    ],
)
def test_what_is_not_a_record_is_refused_with_the_problem(written, problem):
    with pytest.raises(MalformedLineError) as refusal:
        record_of(written, 0)

    assert problem in str(refusal.value)


def test_the_reason_never_quotes_the_line():
    with pytest.raises(MalformedLineError) as refusal:
        record_of(line(topic="Exempel Exempelsson"), 0)

    assert "Exempelsson" not in str(refusal.value)


def test_members_that_the_format_does_not_know_are_ignored():
    assert record_of(archive_line(A_RECORD, broker=1, mystery={"a": []}), 0) == A_RECORD

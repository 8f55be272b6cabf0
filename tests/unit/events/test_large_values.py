"""Large values: decoded as small ones are, without objects of what is not read."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import activated, record
from tests.worlds.decoding import CLINIC, DECODER, NOW, decode

from sync_worker.events.content import outline
from sync_worker.events.decode_result import Event, Ignored
from sync_worker.events.models import MODELS

MEBIBYTE = 2**20
EVENT = activated(CLINIC, 5, regionCode="01")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
content = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*EVENT, "x"]), inner)
)


@given(content | st.builds(lambda more: EVENT | more, st.dictionaries(st.just("data"), content)))
def test_a_large_value_is_decoded_like_a_small_one(value):
    assert_decoded_alike(json.dumps(value, ensure_ascii=False).encode())


escapes = st.lists(
    st.sampled_from(
        ["\\ud83d", "\\uDE00", "\\ud83d\\ude00", "\\\\", '\\"', "\\u00e5", "ud800", "x"]
    )
).map("".join)


@given(escapes, st.sampled_from(["id", "type", "hsaId", "name", "unread", "source"]))
def test_halves_of_surrogate_pairs_are_decoded_alike(text, member):
    plain = EVENT | {"unread": "", "data": {**EVENT["data"], "name": ""}}
    inner = plain["data"] if member in plain["data"] else plain
    inner[member] = "@@"
    assert_decoded_alike(json.dumps(plain).replace("@@", text).encode())


def assert_decoded_alike(small):
    expected = DECODER.decode(record(small, key=CLINIC, topic="t"), NOW)
    large = small + b" " * (16 * 2**10)
    outlined = DECODER.decode(record(large, key=CLINIC, topic="t"), NOW)
    # A cause that is likely, by what is not read, is found of a small value alone.
    assert type(outlined) is type(expected)
    assert getattr(outlined, "reason", None) == getattr(expected, "reason", None)
    if isinstance(expected, Event):
        assert outlined == expected


@given(st.binary() | st.text().map(str.encode))
def test_large_invalid_json_gives_nothing(value):
    with pytest.raises((ValueError, RecursionError)):
        outline(b"[1, " + value + b'"')


def test_blanks_and_unread_members_of_large_events_are_harmless():
    members = {"unread": "x" * MEBIBYTE, "time": "2026-01-01t00:00:00z"}
    value = b" \n" + json.dumps(EVENT | members).encode() + b" " * MEBIBYTE
    assert decode(value, key=CLINIC).hsa_id == CLINIC


BOMBS = {
    "lists": b"[" + b"[]," * (2 * MEBIBYTE) + b"[]]",
    "objects": b'{"type":[' + b"{}," * (2 * MEBIBYTE) + b"{}]}",
    "numbers": b'{"type":"x","data":{"a":[' + b"0," * (3 * MEBIBYTE) + b"0]}}",
    "pairs": b'{"type":"x","data":["' + rb"\ud83d\ude00" * MEBIBYTE + b'"]}',
    "halves": b'{"type":"x","data":["' + rb"\ud83d" * (2 * MEBIBYTE) + b'"]}',
    "members": b'{"type":"x"' + b',"a":0' * MEBIBYTE + b"}",
    "deep": b'{"type":' * (MEBIBYTE // 2),
    "deep data": b'{"data":' * 900 + b"1" + b"}" * 900 + b" " * (6 * MEBIBYTE),
}


@pytest.mark.parametrize("value", BOMBS.values(), ids=BOMBS)
def test_json_takes_no_more_memory_than_its_bytes(value):
    tracemalloc.start()
    try:
        result = decode(value, key=CLINIC, topic="t")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(result, Event)
    assert peak < 3 * len(value)


def test_a_large_event_of_another_type_is_ignored():
    value = json.dumps({"type": "other", "data": ["x"] * 10_000}).encode()
    assert isinstance(decode(value, key=CLINIC, topic="t"), Ignored)


@pytest.mark.parametrize(("document", "data"), MODELS.values(), ids=MODELS)
def test_every_member_of_the_models_is_read_of_large_values(document, data):
    value = {
        **dict.fromkeys(document.model_fields, "x"),
        "data": {field.alias or name: "y" for name, field in data.model_fields.items()},
    }
    assert outline(json.dumps(value).encode()) == value

"""The shortcut for ordinary events returns what the decoder returns, or None."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.builders import ACTIVATION, activated, deactivated, record, region_changed
from tests.worlds.any_records import HEADERS, JSON, KEYS, MUTATED, TEXT, disturbed
from tests.worlds.decoding import CLINIC, DECODER, OTHER

from sync_worker.domain.regions import Regions
from sync_worker.events.fast_decoder import fast_decoder
from sync_worker.events.record import Record

QUICK = fast_decoder(Regions())
BLANKS = st.sampled_from(["", " ", "\u00a0", "\ufeff", "\t", "\u0085", "\u200b"])
TIMES = st.sampled_from(
    [
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z",
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00+02:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "2026-W01-1T00:00:00Z",
        "٢٠٢٦-01-01T00:00:00Z",
    ]
)


@st.composite
def near_misses(draw: st.DrawFn) -> bytes:
    """An event with blanks, other times, odd lengths, repeated members or text around it."""
    around = st.tuples(BLANKS, TEXT | st.just("a") | st.just("x" * 257), BLANKS).map("".join)
    document = activated(CLINIC, 5, regionCode=draw(st.sampled_from(["01", "11", " 01", ""])))
    for name in draw(st.sets(st.sampled_from(["id", "source", "sequence", "subject", "type"]))):
        document[name] = draw(around | st.just(document.get(name)))
    document["time"] = draw(TIMES | st.just(document["time"]))
    document["data"]["hsaId"] = draw(BLANKS) + CLINIC + draw(BLANKS)
    document["data"]["name"] = draw(around | st.none() | st.just("å" * 201))
    text = json.dumps(document, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"", b" ", b"x", b"\0"]))


@given(
    value=MUTATED | disturbed() | near_misses() | JSON.map(json.dumps).map(str.encode),
    key=KEYS | st.just(CLINIC.encode()) | st.just(CLINIC.lower().encode()),
    headers=st.just(()) | HEADERS,
)
@example(b'{"unread":"\xff"}', None, ())
@example(json.dumps(activated(CLINIC, 5, other="\ud800")).encode(), None, ())
@example(json.dumps(activated(CLINIC, 5) | {"n": float("nan")}).encode(), None, ())
@example(json.dumps(activated(CLINIC, 5, name="a\0b")).encode(), None, ())
@example(json.dumps(activated(CLINIC, 5))[:-1].encode() + b',"data":{"hsaId":"B"}}', None, ())
@example(json.dumps(activated(CLINIC, 5)).replace("subject", "s\\u0075bject").encode(), None, ())
def test_it_agrees_with_the_full_decoder_or_abstains(value, key, headers):
    candidate = Record(ACTIVATION, 0, 0, None, key, value, headers)

    event = QUICK(candidate)

    assert event is None or event == DECODER._decode(candidate)


@pytest.mark.parametrize(
    "content",
    [
        activated(CLINIC, 5),
        activated(CLINIC, 5, sequence="0001", regionCode="01", name="Ängsmottagningen"),
        activated(CLINIC, "2026-01-01T00:00:00Z", subject=None, regionCode=None, name=None),
        deactivated(CLINIC, 5, regionCode="01", name="1:a mottagningen"),
        region_changed(CLINIC, 5, "03", name="Exempel", unknown={"a": [1]}),
    ],
)
def test_it_takes_what_nearly_all_records_hold(content):
    plain = record(content)

    event = QUICK(plain)

    assert event is not None
    assert event == DECODER._decode(plain)


@pytest.mark.parametrize(
    "odd",
    [
        record(None),
        record(activated(CLINIC, 5, regionCode="11")),
        record(activated(CLINIC, 5), key=OTHER),
        record(activated(CLINIC, 5, subject=OTHER)),
        record(region_changed(CLINIC, 5, "01") | {"data": {"hsaId": CLINIC}}),
        record(activated(CLINIC, 5), headers=(("ce_specversion", b"1.0"),)),
    ],
)
def test_it_leaves_everything_else_to_the_decoder(odd):
    assert QUICK(odd) is None

"""Hostile records, each made together with what must become of it.

The verdict follows from how a record is made, never from the program: by one table of ways to be
wrong for each reason, and one of ways to be right that look wrong.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from tests.builders import EPOCH_MS, Event, activated, deactivated, region_changed

CLINICS = [f"SE2321000016-H{number:03}" for number in range(60)]
UNJUDGED = "SE2321000016-UNJUDGED"
"""Whom all records name of which nobody can say beforehand what becomes of them."""
SOUND = "sound"
IGNORED = "ignored"
REGIONS = ("01", "03", "12", "14", "25")
_STRUCTURED = (("content-type", b"application/cloudevents+json"),)
_NO_REGIONS = ("11", "02", "99", "1", "001", "ÅÄ", "00", "a'; --")

Headers = tuple[tuple[str, bytes | None], ...]


class Hostile(NamedTuple):
    """A record, and its verdict: a reason, `ignored`, or `sound` with the event it carries."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    verdict: str
    event: Event | None = None
    is_activation: bool = True
    timestamp_ms: int = EPOCH_MS


def hostile(seed: int) -> Iterator[Hostile]:
    """Records without an end, the same ones for the same seed: all kinds, a third of them sound."""
    rng = random.Random(seed)
    kinds = [(verdict, make) for verdict, makers in BAD.items() for make in makers]
    number = 0
    while True:
        number += 1
        if rng.randrange(3) == 0:
            yield _sound(rng, number)
        else:
            yield _bad(rng, number, *rng.choice(kinds))


def poison(seed: int, percent: int) -> Iterator[Hostile]:
    """A stream of which so many in a hundred become dead letters, and the others are sound."""
    rng = random.Random(seed)
    reasons = [verdict for verdict in BAD if verdict != IGNORED]
    number = 0
    while True:
        number += 1
        if rng.randrange(100) < percent:
            verdict = rng.choice(reasons)
            yield _bad(rng, number, verdict, rng.choice(BAD[verdict]))
        else:
            yield _sound(rng, number)


def disturbed(seed: int) -> Iterator[Hostile]:
    """Sound events with some bytes replaced: anything may become of them."""
    rng = random.Random(seed)
    while True:
        sound = _dumps(activated(UNJUDGED, rng.randrange(5000), regionCode="01", name="Ändrad"))
        value = bytearray(sound)
        for _ in range(rng.randrange(1, 6)):
            start = rng.randrange(len(value))
            value[start : start + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        yield Hostile(UNJUDGED.encode(), bytes(value), _STRUCTURED, "")


def _bad(rng: random.Random, number: int, verdict: str, make: "Maker") -> Hostile:
    hsa_id = rng.choice(CLINICS)
    made = make(rng, _event(rng, hsa_id, number))
    if isinstance(made, Hostile):
        return made._replace(verdict=verdict)
    value = made if isinstance(made, bytes) else _dumps(made)
    return Hostile(hsa_id.encode(), value, _noise(rng) + _STRUCTURED, verdict)


def _sound(rng: random.Random, number: int) -> Hostile:
    event = _event(rng, rng.choice(CLINICS), number)
    return rng.choice(GOOD)(rng, event)


def _event(rng: random.Random, hsa_id: str, number: int) -> Event:
    minute, event_id = rng.randrange(number // 50 + 1, number // 50 + 60), f"h-{number}"
    if rng.randrange(3):
        make = rng.choice((activated, deactivated))
        return make(hsa_id, minute, id=event_id, name=f"Klinik {number}")
    return region_changed(hsa_id, minute, rng.choice(REGIONS), id=event_id)


def _noise(rng: random.Random) -> Headers:
    """Headers that mean nothing: long ones, many, repeated, null, and not in UTF-8."""
    drawn = rng.randrange(40)
    if drawn == 0:
        return (("x" * 2000, rng.randbytes(100_000)),)
    if drawn == 1:
        return tuple((f"h{number}", b"\0" * 8) for number in range(1000))
    if drawn < 10:
        return (("trace", None), ("trace", b"\xff\xfe"), ("", b""))
    return ()


def _deep(rng: random.Random) -> int:
    """Levels of nesting: more than an interpreter reads, and now and then very many.

    Five bytes a level and the largest headers stay below what a broker takes, 1 MiB.
    """
    return rng.randrange(100_000, 180_000) if rng.randrange(20) == 0 else rng.randrange(1500, 3000)


def _dumps(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


Maker = Callable[[random.Random, Event], "Event | bytes | Hostile"]


def _without(name: str) -> Maker:
    return lambda _, event: {k: v for k, v in event.items() if k != name}


def _with(name: str, *values: Any) -> Maker:
    return lambda rng, event: {**event, name: rng.choice(values)}


def _data(**values: Any) -> Maker:
    return lambda _, event: {**event, "data": {**event["data"], **values}}


def _escaped(event: Event, name: str, text: str) -> bytes:
    """With JSON's own escapes in an attribute, which Python would not write."""
    return _dumps({**event, name: "@@"}).replace(b"@@", text.encode())


def _literal(event: Event, literal: bytes) -> bytes:
    """With something that only some parsers take for JSON."""
    return _dumps({**event, "literal": "@@"}).replace(b'"@@"', literal)


def _moved(event: Event, code: str) -> Event:
    return {
        **event,
        "type": "eservices.clinic.region-changed.v1",
        "data": {**event["data"], "regionCode": code},
    }


def _keyed(event: Event, key: bytes | None) -> Hostile:
    return Hostile(key, _dumps(event), _STRUCTURED, "")


BAD: Mapping[str, tuple[Maker, ...]] = {
    "invalid_json": (
        lambda rng, event: _dumps(event)[: rng.randrange(1, 200)],
        lambda rng, event: b"[" * _deep(rng),
        lambda rng, event: b'{"a":' * _deep(rng),
        lambda rng, event: (depth := _deep(rng)) * b"[" + depth * b"]",
        lambda rng, event: rng.choice((b"", b" ", b"\0", b"\0" * 999, b"{", b"nul", b"'a'")),
        lambda rng, event: json.dumps(event).encode(rng.choice(("utf-16", "utf-32", "utf-16-le"))),
        lambda rng, event: _dumps({**event, "source": "Ö"}).decode().encode("latin-1"),
        lambda rng, event: _dumps({**event, "source": "\ud800"}),  # surrogates as bytes
        lambda rng, event: _dumps(event).replace(b'"specversion"', b'"\xc0\x80"'),
        lambda rng, event: _dumps(event) + b"}",
        lambda rng, event: b"\xef\xbb\xbf" + _dumps(event),
        lambda rng, event: _literal(event, rng.choice((b"NaN", b"-Infinity", b"01", b'"\n"'))),
        lambda rng, event: rng.randbytes(3000) + b"\xff",
    ),
    "invalid_event": (
        *map(_without, ("specversion", "id", "source", "type", "time", "data")),
        *(
            _with(name, None, "", " ", 7, [], {}, True)
            for name in ("specversion", "id", "source", "time")
        ),
        _with("type", None, "", " ", 7, []),
        _with("data", None, [], "text", 7, {}, {"hsaId": None}, {"hsaId": " "}, {"hsaId": 7}),
        _with("id", "x" * 257, "å" * 257),
        _with("sequence", "9" * 65, 7, []),
        _with("specversion", "0.3", "1", "1.0.0"),
        _with(
            "time",
            "2026-01-01T00:00:60Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01 00:00",
            "2026-01-01T00:00:00",
            "2026-01-01T24:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-01-01T00:00:00+0100",
            "20260101T000000Z",
            "2026-W01-1T00:00:00Z",
            "1767225600",
        ),
        _data(hsaId="x" * 65),
        _data(hsaId="SE23 21"),
        lambda rng, event: _escaped(event, "id", r"a\u0000b"),
        lambda rng, event: _escaped(event, "id", r"a\ud800b"),
        lambda rng, event: _escaped(event, "sequence", r"\udfff"),
        lambda rng, event: rng.choice((b"7", b"null", b'"text"', b"[]", b"[{}]", b"true")),
    ),
    "unsupported_version": (
        lambda rng, event: {**event, "type": event["type"][:-1] + rng.choice(("2", "11", "x"))},
        lambda rng, event: {**event, "type": event["type"].removesuffix(".v1")},
    ),
    "identity_mismatch": (
        lambda rng, event: _keyed(event, b"SE2321000016-OTHER"),
        lambda rng, event: _keyed(event, b"\xff\xfe"),
        lambda rng, event: _keyed(event, rng.randbytes(100) + b"\xff"),
        lambda rng, event: {**event, "subject": "SE2321000016-OTHER"},
        lambda rng, event: Hostile(None, None, _noise(rng), ""),  # a tombstone of nobody
    ),
    "unknown_region": (lambda rng, event: _moved(event, rng.choice(_NO_REGIONS)),),
    "time_in_future": (_with("time", "2199-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),),
    IGNORED: (
        lambda rng, event: {**event, "type": f"eservices.other.{rng.randrange(9)}.v1"},
        lambda rng, event: {**event, "type": "x" * 5000, "time": None, "data": 7},
        lambda rng, event: Hostile(None, None, _noise(rng), "", is_activation=False),
    ),
}
"""Each reason, and ways to make a record of it."""


def _plain(rng: random.Random, event: Event) -> Hostile:
    return _keyed(event, event["data"]["hsaId"].encode())._replace(verdict=SOUND, event=event)


def _in_disguise(rng: random.Random, event: Event) -> Hostile:
    """Nothing is wrong with it, although it looks that way."""
    hsa_id = event["data"]["hsaId"]
    strange = {
        "traceparent": "\0" * 50,
        "deep": json.loads("[" * 200 + "]" * 200),
        "data": {**event["data"], "hsaId": hsa_id.lower(), "extra": [None, "\0", 10**300]},
    }
    key = rng.choice((None, b"", b"  ", f" {hsa_id.lower()} ".encode()))
    value = json.dumps({**event, **strange, "literal": "@@"}, indent=rng.choice((None, 3)))
    number = rng.choice(("9" * 5000, "1e999", r'"\ud800\u0000"'))
    value = value.replace('"@@"', number)
    return Hostile(key, value.encode(), _noise(rng), SOUND, event)


def _in_headers(rng: random.Random, event: Event) -> Hostile:
    """Binary mode."""
    attributes = ((f"ce_{k}", v.encode()) for k, v in event.items() if isinstance(v, str))
    data = _dumps(event["data"])
    return Hostile(None, data, (*_noise(rng), *attributes), SOUND, event)


def _gone(rng: random.Random, event: Event) -> Hostile:
    """A tombstone; its version is the record's timestamp alone."""
    hsa_id = event["data"]["hsaId"]
    gone = {**deactivated(hsa_id, event["time"]), "id": ""}
    moment = datetime.fromisoformat(event["time"])
    milliseconds = int(moment.timestamp()) * 1000
    return Hostile(hsa_id.encode(), None, _noise(rng), SOUND, gone, timestamp_ms=milliseconds)


GOOD: tuple[Callable[[random.Random, Event], Hostile], ...] = (
    _plain,
    _plain,
    _in_disguise,
    _in_headers,
    _gone,
)

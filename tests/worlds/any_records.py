"""Records with anything in them, and sound events with something changed."""

import json

from hypothesis import strategies as st

from tests.builders import activated
from tests.worlds.decoding import CLINIC

SOUND = json.dumps(activated(CLINIC, 5, sequence="7", regionCode="01", name="Exempel")).encode()
TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(["\ud800", "a\0", "x" * 600])
ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject", "sequence", "data")
BYTES = st.binary(max_size=40) | st.sampled_from(
    [CLINIC.encode(), b"\xff", b"a\0", b"1.0", b"x" * 600]
)
NAMES = st.sampled_from([*(f"ce_{name}" for name in ATTRIBUTES), "content-type"]) | TEXT
HEADERS = st.lists(st.tuples(NAMES, st.none() | BYTES), max_size=6).map(tuple)
KEYS = st.none() | BYTES
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(
    [f"eservices.clinic.{name}" for name in ("activated.v1", "region-changed.v1", "activated.v2")]
)
MUTATED = st.builds(
    lambda attributes, data, event_type: json.dumps(
        {
            **activated(CLINIC, 5, regionCode="01"),
            "type": event_type,
            **attributes,
            "data": {"hsaId": CLINIC, **data},
        }
    ).encode(),
    st.dictionaries(st.sampled_from(ATTRIBUTES), JSON, max_size=2),
    st.dictionaries(st.sampled_from(["hsaId", "regionCode", "name"]) | TEXT, JSON, max_size=2),
    TYPES,
)


@st.composite
def disturbed(draw: st.DrawFn) -> bytes:
    """A sound event with some of its bytes replaced."""
    start = draw(st.integers(0, len(SOUND)))
    length = draw(st.integers(0, 4))
    return SOUND[:start] + draw(st.binary(max_size=4)) + SOUND[start + length :]

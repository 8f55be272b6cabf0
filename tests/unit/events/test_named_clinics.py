"""Which clinics a record names, whatever else is wrong with it."""

import pytest
from tests.builders import activated, record

from sync_worker.events.content import named_hsa_ids

A, B, C = (f"SE2321000016-T{letter}01" for letter in "ABC")
BINARY = (("ce_specversion", b"1.0"), ("ce_subject", B.encode()))


@pytest.mark.parametrize(
    ("content", "key", "headers", "expected"),
    [
        (activated(A, 0), A, (), (A,)),
        (activated(A, 0, subject=f" {B.lower()}"), C, (), (A, B, C)),
        (activated(A, 0, regionCode="11", subject=None), None, (), (A,)),
        (b'{"hsaId": "%s"}' % A.encode(), C, BINARY, (A, B, C)),
        (b"{", A.lower(), (), (A,)),
        (b"[1]", A, (), (A,)),
        (b'{"data": 1, "subject": 2}', " ", (), ()),
        (None, A, (), (A,)),
        (b"\xff", b"\xfe", (), ()),
        (b"[" * 100_000, A, (), (A,)),
    ],
)
def test_a_clinic_is_named_in_data_subject_and_key(content, key, headers, expected):
    assert named_hsa_ids(record(content, key=key, headers=headers)) == expected

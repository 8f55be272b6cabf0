"""Arrays are written as PostgreSQL's documentation says that it reads them."""

from datetime import UTC, datetime

import pytest

from sync_worker.registry.dialect.lists import array_literal


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ((), "{}"),
        (("a", "b c"), '{"a","b c"}'),
        ((None, "NULL", ""), '{NULL,"NULL",""}'),
        ((None, None), "{NULL,NULL}"),
        (('say "hi"', None, "a\\b", "{,}"), '{"say \\"hi\\"",NULL,"a\\\\b","{,}"}'),
        ((True, None, False), '{"True",NULL,"False"}'),
        ((None, b"", b'"\xff'), r'{NULL,"\\x","\\x22ff"}'),
        ((1, 2**62), f'{{"1","{2**62}"}}'),
        ((None, datetime(1, 2, 3, tzinfo=UTC)), '{NULL,"0001-02-03T00:00:00+00:00"}'),
    ],
)
def test_a_value_is_quoted_and_no_value_is_null(values, literal):
    assert array_literal(values) == literal

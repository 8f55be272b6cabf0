"""What a form may have, and how much: more is refused by a page, read or not."""

import pytest
from tests.worlds import page
from tests.worlds.page import Document

from sync_worker.web.routing import FORM_BYTES

URLENCODED = "application/x-www-form-urlencoded"
AS_MUCH_AS_MAY_BE = b"&".join([b"kod=00", *[b"anledning=" + b"0" * 9_990] * 7])[:FORM_BYTES]
TOO_MUCH = AS_MUCH_AS_MAY_BE + b"0"


def in_pieces():
    """A body whose size is not stated before it."""
    yield from (TOO_MUCH[start : start + 1_000] for start in range(0, len(TOO_MUCH), 1_000))


@pytest.mark.parametrize("content", [TOO_MUCH, in_pieces()], ids=["stated", "in pieces"])
def test_a_form_that_is_too_large_gets_a_page(anna, content):
    headers = {**page.FROM_HERE, "Content-Type": URLENCODED}
    answer = anna.client.post("/mottagning/lagg-till", content=content, headers=headers)
    assert answer.status_code == 413
    assert Document(answer.text).heading == "Det var för mycket på en gång"


def test_a_form_as_large_as_may_be_is_read(anna):
    headers = {**page.FROM_HERE, "Content-Type": URLENCODED}
    answer = anna.client.post("/mottagning/lagg-till", content=AS_MUCH_AS_MAY_BE, headers=headers)
    assert answer.status_code == 404  # there is no such region
